// From a model folder to a model on a backend: config, checkpoint, parameters and RoPE table put together.
import { type Backend, byteSize, checkArgument, type FloatDType, OctavoError } from "@octavo/core";
import { blueprintParameters } from "./blueprint-parameters.js";
import type { CausalLM, Encoder } from "./causal-lm.js";
import { checkHead } from "./check-head.js";
import { Constants } from "./constants.js";
import { Decoder } from "./decoder.js";
import { EncoderModel } from "./encoder.js";
import { kvTensorsPerLayer } from "./kv-layout.js";
import { checkLoadFormat, type LoadFormat, openSource } from "./load-format.js";
import type { ModelConfig } from "./model-config.js";
import type { ModelSource } from "./model-source.js";
import { openModel } from "./open-model.js";
import { Parameters } from "./parameters.js";
import { architectureNamed, isEncoder } from "./registry.js";
import { type DTypeOption, resolveDType } from "./resolve-dtype.js";
import { MAX_POSITIONS } from "./rope-config.js";
import { planRopeTables } from "./rope-table.js";
import { sayDecoded } from "./say-decoded.js";
import { tensorNames } from "./unused-tensors.js";
import { type WeightNeed, weightNeed } from "./weight-need.js";

export interface LoadOptions {
  /** Where the weights come from. Default "auto". */
  readonly loadFormat?: LoadFormat;
  /** Of weights, activations and KV cache. Default "auto": the checkpoint's, float32 included; "half": float16, "float": float32. */
  readonly dtype?: DTypeOption;
  /** Decode weights in blocks (GGUF) to `dtype`, also those that the backend computes as they are. Default false. */
  readonly dequantize?: boolean;
  /** The longest sequence: the size of the RoPE table, and the frequencies of long prompts under dynamic scaling. Default: `config.maxPositions`. */
  readonly maxModelLen?: number;
  /** Told what the weights will take, when their headers are read and nothing else is. What it throws ends the loading. */
  readonly onNeed?: (need: WeightNeed) => void;
  /** Told after each of `total` parameters. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** What only {@link loadTextModel} can do. */
export interface TextLoadOptions extends LoadOptions {
  /** Leave out a decoder's head: its weights are neither needed nor loaded, and it gives hidden states alone. Default false. */
  readonly withoutHead?: boolean;
}

/** A decoder: {@link loadTextModel}, but @throws UNSUPPORTED for an encoder, which generates nothing. */
export function loadModel(model: string | ModelSource, backend: Backend, options: LoadOptions = {}): CausalLM {
  const source = typeof model === "string" ? openModel(model) : model;
  const loaded = loadTextModel(source, backend, options);
  if (loaded.kind === "decoder") return loaded;
  loaded.dispose();
  const message = `${source.path} is ${source.config.architecture}, an encoder: it embeds texts and generates nothing`;
  throw new OctavoError({ code: "UNSUPPORTED", message, param: "architectures" });
}

/**
 * Loads a folder (Hugging Face layout, safetensors) or a GGUF file. Weights stay mapped from the file where the backend can use them there.
 * With `loadFormat` "dummy" a folder needs no more than config.json. Weights in blocks that the backend does not compute are decoded,
 * which is said on stderr.
 * @param model a path, or what {@link openModel} gave
 * Tensors that the architecture does not know give one process warning, OCTAVO_UNUSED_TENSORS.
 * @throws CHECKPOINT with the file, field or tensor at fault; UNSUPPORTED for what Octavo or the backend lacks
 */
export function loadTextModel(
  model: string | ModelSource,
  backend: Backend,
  options: TextLoadOptions = {},
): CausalLM | Encoder {
  const source = typeof model === "string" ? openModel(model) : model;
  const { config } = source;
  const architecture = architectureNamed(config.architecture);
  const loadFormat = checkLoadFormat(options.loadFormat ?? "auto", source);
  const { blockFormats } = backend.info;
  const scheme = source.scheme({ blockFormats, dequantize: options.dequantize });
  const dtype = resolveDType(options.dtype ?? "auto", config.dtype, backend.info);
  const maxModelLen = options.maxModelLen ?? config.maxPositions;
  checkArgument(
    Number.isSafeInteger(maxModelLen) && maxModelLen >= 1 && maxModelLen <= MAX_POSITIONS,
    `max_model_len must be a whole number from 1 to ${MAX_POSITIONS}, got ${maxModelLen}`,
    "max_model_len",
  );
  using cleanup = new Cleanup();
  const whole = architecture.blueprint(config);
  const declaredSpecs = blueprintParameters(whole);
  const plan = { architecture, source, scheme, loadFormat, dtype, specs: declaredSpecs };
  const weights = cleanup.add(openSource(plan, backend));
  if (options.onNeed !== undefined) {
    const declared = tensorNames(plan);
    const read = [...weights.summaries()].filter(({ name }) => declared.has(name));
    options.onNeed(weightNeed(read, { dtype, packed: options.dequantize ? [] : (blockFormats ?? []) }));
  }
  if (whole.head && !options.withoutHead) checkHead(whole, weights, scheme, source);
  const blueprint = options.withoutHead ? { ...whole, head: undefined } : whole;
  const constants = cleanup.add(new Constants(backend));
  const { tables, ropeOffset } = planRopeTables(blueprint.ropes, maxModelLen);
  const ropeTables = tables.map(({ shape, fill }) => constants.add(shape, fill));
  const specs = blueprint === whole ? declaredSpecs : blueprintParameters(blueprint);
  if (!options.dequantize) sayDecoded(source.path, specs, weights, scheme, backend.info, dtype);
  const parameters = cleanup.add(new Parameters(specs, weights, backend, { ...options, dtype, scheme }));
  const owned = cleanup.keep();
  const parts = {
    config,
    parameters,
    ropeTables,
    ropeOffset,
    constant: (values: readonly number[]) => constants.add([values.length], (out) => out.set(values)),
    indices: (count: number, value: (index: number) => number) => constants.addIndices(count, value),
    weightBytes: parameters.byteLength + constants.byteLength,
    dispose: () => owned.dispose(),
  };
  return blueprint.head ? new Decoder({ ...parts, blueprint }) : new EncoderModel({ ...parts, blueprint });
}

/**
 * Bytes of one block's keys and values; 0 of an encoder.
 * @param blockSize tokens a block
 * @param numLayers layers that a block holds. Default: all with keys and values of their own
 */
export function kvBytesPerBlock(
  config: ModelConfig,
  dtype: FloatDType,
  blockSize: number,
  numLayers: number = layersWithKeys(config),
): number {
  if (isEncoder(config)) return 0;
  return kvTensorsPerLayer(config) * numLayers * byteSize(dtype, [config.numKvHeads, blockSize, config.headDim]);
}

/** Disposes what was added, last first, unless it is kept. (Node 20 has no DisposableStack.) */
class Cleanup implements Disposable {
  #items: Disposable[] = [];

  add<T extends Disposable>(item: T): T {
    this.#items.push(item);
    return item;
  }

  /** Moves everything to a new owner. */
  keep(): Cleanup {
    const kept = new Cleanup();
    kept.#items = this.#items;
    this.#items = [];
    return kept;
  }

  dispose(): void {
    for (const item of this.#items.splice(0).reverse()) item[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

function layersWithKeys({ numLayers, cachedIn }: ModelConfig): number {
  return cachedIn?.filter((from, layer) => from === layer).length ?? numLayers;
}
