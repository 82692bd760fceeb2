// A model's config in Octavo's terms, and the reading of the fields that decoder-only architectures share.
import { type Activation, type FloatDType, isFloatDType } from "@octavo/core";
import type { ConfigReader } from "./hf-config.js";
import { MAX_POSITIONS, type RopeConfig, type RopeDefaults, readRopeConfig, servedPositions } from "./rope-config.js";

/** What Octavo needs to know of a model. Sizes count elements. Architectures add fields of their own. */
export interface ModelConfig {
  /** The name in config.json's `architectures`. */
  readonly architecture: string;
  /** Rows of the embedding table, and logits a token. */
  readonly vocabSize: number;
  /** Width of the residual stream. */
  readonly hiddenSize: number;
  /** Width between the projections of the feed-forward part. */
  readonly intermediateSize: number;
  /** Decoder layers. */
  readonly numLayers: number;
  /** Query heads. */
  readonly numHeads: number;
  /** Heads of keys and values that are cached; divides `numHeads`. */
  readonly numKvHeads: number;
  /** Width of a head, as its keys are cached. */
  readonly headDim: number;
  /** Which part of a cached key is its value, where nothing but keys is cached (latent attention). Default: values are cached, too. */
  readonly valueInKey?: { readonly first: number; readonly size: number };
  /** Positions that the model can serve: `max_position_embeddings`, with linear, dynamic or yarn scaling the scaled length. */
  readonly maxPositions: number;
  /** Of the feed-forward part, of its gate where it has one. */
  readonly activation: Activation;
  /** Added to the variance, or the mean of squares, by norms. */
  readonly normEps: number;
  /** How positions rotate queries and keys: of most layers, where layers differ. Null: they do not. */
  readonly rope: RopeConfig | null;
  /** For each layer, how many tokens a token sees, itself included; null: all before it. */
  readonly windows: readonly (number | null)[];
  /** For each layer, the one whose cached keys and values it reads: itself or one before it. Default: itself. */
  readonly cachedIn?: readonly number[];
  /** Whether the embedding table is also the output layer. */
  readonly tieWordEmbeddings: boolean;
  /** Of the checkpoint; float32 where config.json does not say. */
  readonly dtype: FloatDType;
  /** The token that begins a text; null: none. */
  readonly bosTokenId: number | null;
  /** Tokens that end a text; generation_config.json goes before config.json. Empty: none. */
  readonly eosTokenIds: readonly number[];
  /** `quantization_config` as it stands in config.json; null when the weights are plain. */
  readonly quantization: unknown;
}

/** What an architecture's configs mean where they leave fields out. */
export interface DecoderDefaults {
  /** Default 2048. */
  readonly maxPositions?: number;
  /** Default 1e-6. */
  readonly normEps?: number;
  /** Default false. */
  readonly tieWordEmbeddings?: boolean;
  /** Default null. */
  readonly bosTokenId?: number | null;
  /** Default: none. */
  readonly eosTokenIds?: readonly number[];
  /** Default: hidden_size / num_attention_heads. */
  readonly headDim?: number;
  /** Default: required. */
  readonly numHeads?: number;
  /** Default: as many as query heads. */
  readonly numKvHeads?: number;
  /** Default: required. */
  readonly vocabSize?: number;
  /** Default: required. */
  readonly intermediateSize?: number;
  /** Default "silu". */
  readonly activation?: Activation;
  /** Of the rotation. */
  readonly rope?: RopeDefaults;
}

/** The fields as Llama names them, of a model whose positions rotate queries and keys. */
export function readDecoderConfig(reader: ConfigReader, architecture: string, defaults: DecoderDefaults): ModelConfig {
  const config = readPlainConfig(reader, architecture, defaults);
  const rope = readRopeConfig(reader, config.headDim, config.maxPositions, defaults.rope);
  return { ...config, rope, maxPositions: servedPositions(rope.scaling, config.maxPositions) };
}

/** The same without rotation; see {@link ConfigReader.renamed} for models with names of their own. */
export function readPlainConfig(reader: ConfigReader, architecture: string, defaults: DecoderDefaults): ModelConfig {
  const numHeads = reader.size("num_attention_heads", { fallback: defaults.numHeads, max: 2 ** 12 });
  const hiddenSize = reader.size("hidden_size", { max: 2 ** 18 });
  const numKvHeads = reader.size("num_key_value_heads", { fallback: defaults.numKvHeads ?? numHeads, max: 2 ** 12 });
  if (numHeads % numKvHeads !== 0) {
    reader.fail("num_key_value_heads", `a divisor of num_attention_heads (${numHeads})`);
  }
  const numLayers = reader.size("num_hidden_layers", { max: 2 ** 12 });
  const usual = defaults.headDim ?? hiddenSize / numHeads;
  if (!reader.has("head_dim") && !Number.isInteger(usual)) {
    reader.fail("hidden_size", `a multiple of num_attention_heads (${numHeads}), as there is no head_dim`);
  }
  return {
    architecture,
    vocabSize: reader.size("vocab_size", { fallback: defaults.vocabSize, max: 2 ** 24 }),
    hiddenSize,
    intermediateSize: reader.size("intermediate_size", { fallback: defaults.intermediateSize, max: 2 ** 20 }),
    numLayers,
    numHeads,
    numKvHeads,
    headDim: reader.size("head_dim", { fallback: usual, max: 2 ** 12 }),
    maxPositions: reader.size("max_position_embeddings", {
      fallback: defaults.maxPositions ?? 2048,
      max: MAX_POSITIONS,
    }),
    activation: readActivation(reader, "hidden_act", defaults.activation ?? "silu"),
    normEps: reader.number("rms_norm_eps", { fallback: defaults.normEps ?? 1e-6, min: 0, max: 1 }),
    rope: null,
    windows: Array.from({ length: numLayers }, () => null),
    tieWordEmbeddings: reader.boolean("tie_word_embeddings", defaults.tieWordEmbeddings ?? false),
    dtype: readDType(reader),
    bosTokenId: reader.tokenIds("bos_token_id")?.[0] ?? defaults.bosTokenId ?? null,
    eosTokenIds: reader.tokenIds("eos_token_id") ?? defaults.eosTokenIds ?? [],
    quantization: reader.raw("quantization_config"),
  };
}

/** transformers' names of activations (ACT2FN). */
const ACTIVATIONS: ReadonlyMap<string, Activation> = new Map([
  ["silu", "silu"],
  ["swish", "silu"],
  ["gelu", "gelu"],
  ["gelu_python", "gelu"],
  ["gelu_new", "gelu_tanh"],
  ["gelu_fast", "gelu_tanh"],
  ["gelu_pytorch_tanh", "gelu_tanh"],
  ["gelu_python_tanh", "gelu_tanh"],
  ["gelu_accurate", "gelu_tanh"],
  ["quick_gelu", "quick_gelu"],
  ["relu", "relu"],
  ["relu2", "relu2"],
]);

/** @param usual where config.json does not have the field @throws UNSUPPORTED for one that no op computes */
export function readActivation(reader: ConfigReader, field: string, usual: Activation): Activation {
  const found = reader.has(field) ? ACTIVATIONS.get(reader.string(field)) : usual;
  return found ?? reader.unsupported(field, [...ACTIVATIONS.keys()]);
}

function readDType(reader: ConfigReader): FloatDType {
  const field = reader.has("dtype") ? "dtype" : "torch_dtype";
  const dtype = reader.string(field, "float32");
  return isFloatDType(dtype) ? dtype : reader.fail(field, "float32, float16 or bfloat16");
}
