// What a Gemma 4's config.json says, see gemma4.ts.
import type { ConfigReader } from "../hf-config.js";
import { type ModelConfig, readActivation, readPlainConfig } from "../model-config.js";
import { type LayerRopes, readRopeConfig } from "../rope-config.js";
import { readWindows } from "../windows.js";

const MAX_WIDTH = 2 ** 20;
/** What may differ by layer; of which layers it does, the shapes of their tensors tell. */
const LAYER_FIELDS = ["num_key_value_heads", "head_dim"];

/** The heads of keys and values of a layer. */
export interface KvHeads {
  readonly numKvHeads: number;
  readonly headDim: number;
}

/** Its `numKvHeads` and `headDim` are those of the cache, which has room for either kind of layer. */
export interface Gemma4Config extends Omit<ModelConfig, "rope">, LayerRopes {
  /** Of layers that see all, and of those with a window. */
  readonly fullHeads: KvHeads;
  readonly localHeads: KvHeads;
  /** Whether layers that see all have no projection of values, and take that of keys. */
  readonly keysAreValues: boolean;
  readonly cachedIn: readonly number[];
  /** Whether layers that read others' have MLPs of twice the width. */
  readonly widensSharing: boolean;
  /** Width of a layer's own input; 0: there is none. */
  readonly layerInputSize: number;
  /** Rows of the table of layers' inputs. */
  readonly layerInputVocabSize: number;
  readonly experts: { readonly count: number; readonly chosen: number; readonly size: number } | null;
  /** Of the logits; null: none. */
  readonly logitSoftcap: number | null;
}

export function readGemma4Config(reader: ConfigReader, architecture: string): Gemma4Config {
  if (reader.boolean("attention_bias", false)) reader.unsupported("attention_bias", ["false"]);
  // "vision" is of images alone.
  const bidirectional = "use_bidirectional_attention";
  if (reader.has(bidirectional) && reader.raw(bidirectional) !== "vision")
    reader.unsupported(bidirectional, ["vision"]);
  const config = readPlainConfig(reader, architecture, {
    maxPositions: 2 ** 17,
    headDim: 256,
    tieWordEmbeddings: true,
    bosTokenId: 2,
    eosTokenIds: [1],
  });
  const { numLayers, maxPositions } = config;
  const windows = readWindows(reader, numLayers, { window: 512, slides: (index) => (index + 1) % 6 !== 0 });
  // As transformers has it, whatever layer_types says.
  windows[numLayers - 1] = null;
  const localHeads = { numKvHeads: config.numKvHeads, headDim: config.headDim };
  const keysAreValues = reader.boolean("attention_k_eq_v", false);
  const fullHeads = readFullHeads(reader, config, windows.indexOf(null), keysAreValues);
  const kinds = reader.object("rope_parameters") ?? reader.fail("rope_parameters", "an object");
  const rope = (kind: string, headDim: number, other?: ConfigReader) =>
    readRopeConfig(reader, headDim, maxPositions, {
      section: kinds.object(kind) ?? other ?? kinds.fail(kind, "an object"),
    });
  const isUnified = (reader.raw("architectures") as unknown[]).some((name) => /^Gemma4Unified/.test(String(name)));
  const softcap = { min: 0, aboveMin: true, max: 1e6 } as const;
  return {
    ...config,
    activation: readActivation(reader, "hidden_activation", "gelu_tanh"),
    ...cacheHeads(reader, config.numHeads, [localHeads, fullHeads]),
    fullHeads,
    localHeads,
    windows,
    keysAreValues,
    rope: rope("full_attention", fullHeads.headDim, reader.object("rope_scaling")),
    localRope: rope("sliding_attention", localHeads.headDim),
    cachedIn: readSharing(reader, windows),
    widensSharing: reader.boolean("use_double_wide_mlp", false),
    layerInputSize: reader.integer("hidden_size_per_layer_input", {
      fallback: isUnified ? 0 : 256,
      min: 0,
      max: MAX_WIDTH,
    }),
    layerInputVocabSize: reader.size("vocab_size_per_layer_input", { fallback: 2 ** 18, max: 2 ** 24 }),
    experts: readExperts(reader),
    logitSoftcap: reader.has("final_logit_softcapping") ? reader.number("final_logit_softcapping", softcap) : null,
  };
}

/** Of the first such layer; newer files of transformers have them layer by layer. */
function readFullHeads(reader: ConfigReader, config: KvHeads, layer: number, keysAreValues: boolean): KvHeads {
  const layers = reader.object("per_layer_config");
  for (const index of layers?.keys() ?? []) {
    const other = layers!
      .object(index)
      ?.keys()
      .find((field) => !LAYER_FIELDS.includes(field));
    if (other !== undefined) layers!.object(index)!.unsupported(other, ["the same value in every layer"]);
  }
  const own = layers?.object(String(layer));
  if (own !== undefined) {
    return {
      numKvHeads: own.size("num_key_value_heads", { fallback: config.numKvHeads, max: 2 ** 12 }),
      headDim: own.size("head_dim", { fallback: config.headDim, max: 2 ** 12 }),
    };
  }
  const count = { fallback: config.numKvHeads, max: 2 ** 12 };
  return {
    numKvHeads: keysAreValues ? reader.size("num_global_key_value_heads", count) : config.numKvHeads,
    headDim: reader.size("global_head_dim", { fallback: 512, max: 2 ** 12 }),
  };
}

/** The cache has as much room for a token as the wider kind of layer needs; the other kind has its heads there several times. */
function cacheHeads(reader: ConfigReader, numHeads: number, kinds: readonly KvHeads[]): KvHeads {
  const width = Math.max(...kinds.map(({ numKvHeads, headDim }) => numKvHeads * headDim));
  for (const { numKvHeads, headDim } of kinds) {
    const fits = width % (numKvHeads * headDim) === 0 && numHeads % (width / headDim) === 0;
    if (!fits) reader.unsupported("num_key_value_heads", ["keys of layers whose widths divide one another"]);
  }
  const [{ headDim }] = kinds as [KvHeads];
  return { numKvHeads: width / headDim, headDim };
}

/** The last layers read the keys and values of the last one before them that sees as much. */
function readSharing(reader: ConfigReader, windows: readonly (number | null)[]): number[] {
  const { length } = windows;
  const first = length - reader.integer("num_kv_shared_layers", { fallback: 0, min: 0, max: length - 1 });
  return windows.map((window, index) => {
    if (index < first) return index;
    const from = windows.lastIndexOf(window, first - 1);
    return from >= 0 ? from : reader.fail("num_kv_shared_layers", "layers of every kind before those that share");
  });
}

function readExperts(reader: ConfigReader): Gemma4Config["experts"] {
  if (!reader.boolean("enable_moe_block", false)) return null;
  const count = reader.size("num_experts", { max: 2 ** 12 });
  return {
    count,
    chosen: reader.size("top_k_experts", { max: count }),
    size: reader.size("moe_intermediate_size", { max: MAX_WIDTH }),
  };
}
