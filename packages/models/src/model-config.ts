// A model's config in Octavo's terms, and the reading of the fields that decoder-only architectures share.
import { type FloatDType, isFloatDType } from "@octavo/core";
import type { ConfigReader } from "./hf-config.js";
import { MAX_POSITIONS, type RopeConfig, readRopeConfig, servedPositions } from "./rope-config.js";

/** What Octavo needs to know of a model. Sizes count elements. */
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
  /** Heads of keys and values; divides `numHeads`. */
  readonly numKvHeads: number;
  /** Width of a head. */
  readonly headDim: number;
  /** Positions that the model can serve: `max_position_embeddings`, with linear, dynamic or yarn scaling the scaled length. */
  readonly maxPositions: number;
  /** Added to the mean of squares. */
  readonly rmsNormEps: number;
  /** How positions rotate queries and keys. */
  readonly rope: RopeConfig;
  /** Whether the embedding table is also the output layer. */
  readonly tieWordEmbeddings: boolean;
  /** Whether the projections of attention have biases. */
  readonly attentionBias: boolean;
  /** Whether those of the feed-forward part have. */
  readonly mlpBias: boolean;
  /** Of the checkpoint; float32 where config.json does not say. */
  readonly dtype: FloatDType;
  /** The token that begins a text; null: none. */
  readonly bosTokenId: number | null;
  /** Tokens that end a text; generation_config.json goes before config.json. Empty: none. */
  readonly eosTokenIds: readonly number[];
  /** `quantization_config` as it stands in config.json; null when the weights are plain. */
  readonly quantization: unknown;
}

/** Defaults of an architecture, for the fields that its older configs leave out. */
export interface DecoderDefaults {
  readonly maxPositions: number;
  readonly rmsNormEps: number;
  readonly tieWordEmbeddings: boolean;
  readonly attentionBias: boolean;
  readonly mlpBias: boolean;
  readonly bosTokenId: number | null;
  readonly eosTokenIds: readonly number[];
}

/** The fields as Llama names them, which most decoder-only models do. */
export function readDecoderConfig(reader: ConfigReader, architecture: string, defaults: DecoderDefaults): ModelConfig {
  const numHeads = reader.size("num_attention_heads", { max: 2 ** 12 });
  const hiddenSize = reader.size("hidden_size", { max: 2 ** 18 });
  const numKvHeads = reader.size("num_key_value_heads", { fallback: numHeads, max: 2 ** 12 });
  if (numHeads % numKvHeads !== 0) {
    reader.fail("num_key_value_heads", `a divisor of num_attention_heads (${numHeads})`);
  }
  if (!reader.has("head_dim") && hiddenSize % numHeads !== 0) {
    reader.fail("hidden_size", `a multiple of num_attention_heads (${numHeads}), as there is no head_dim`);
  }
  const headDim = reader.size("head_dim", { fallback: hiddenSize / numHeads, max: 2 ** 12 });
  const positions = reader.size("max_position_embeddings", { fallback: defaults.maxPositions, max: MAX_POSITIONS });
  const rope = readRopeConfig(reader, headDim, positions);
  return {
    architecture,
    vocabSize: reader.size("vocab_size", { max: 2 ** 24 }),
    hiddenSize,
    intermediateSize: reader.size("intermediate_size", { max: 2 ** 20 }),
    numLayers: reader.size("num_hidden_layers", { max: 2 ** 12 }),
    numHeads,
    numKvHeads,
    headDim,
    maxPositions: servedPositions(rope.scaling, positions),
    rmsNormEps: reader.number("rms_norm_eps", { fallback: defaults.rmsNormEps, min: 0, max: 1 }),
    rope,
    tieWordEmbeddings: reader.boolean("tie_word_embeddings", defaults.tieWordEmbeddings),
    attentionBias: reader.boolean("attention_bias", defaults.attentionBias),
    mlpBias: reader.boolean("mlp_bias", defaults.mlpBias),
    dtype: readDType(reader),
    bosTokenId: reader.tokenIds("bos_token_id")?.[0] ?? defaults.bosTokenId,
    eosTokenIds: reader.tokenIds("eos_token_id") ?? defaults.eosTokenIds,
    quantization: reader.raw("quantization_config"),
  };
}

function readDType(reader: ConfigReader): FloatDType {
  const field = reader.has("dtype") ? "dtype" : "torch_dtype";
  const dtype = reader.string(field, "float32");
  return isFloatDType(dtype) ? dtype : reader.fail(field, "float32, float16 or bfloat16");
}
