// FalconForCausalLM: attention and MLP side by side, few key heads, rotation or ALiBi (Almazrouei et al. 2023).
import { alibiSlopes } from "../alibi.js";
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { decoderBlueprint, layerNorm, mergedAttention, plainMlp } from "../hf-modules.js";
import { type ModelConfig, readActivation, readDecoderConfig, readPlainConfig } from "../model-config.js";
import { splitQkvGroups } from "../row-order.js";

const NAME = "FalconForCausalLM";
const BASE = "transformer";

export interface FalconConfig extends ModelConfig {
  readonly hasBiases: boolean;
  /** Whether attention and MLP read the same stream. */
  readonly isParallel: boolean;
  /** Whether each of the two has a norm of its own then. */
  readonly hasTwoNorms: boolean;
  /** Whether positions take part as ALiBi, and do not rotate. */
  readonly hasAlibi: boolean;
}

export const falcon: Architecture<FalconConfig> = {
  name: NAME,
  aliases: ["RWForCausalLM"],
  basePrefix: `${BASE}.`,
  readConfig(published: ConfigReader): FalconConfig {
    // The first releases have Bloom's names, and the new decoder goes by its model_type.
    const reader = published.renamed({
      num_attention_heads: "n_head",
      num_hidden_layers: "n_layer",
      num_kv_heads: "n_head_kv",
    });
    const isNew = reader.boolean("new_decoder_architecture", reader.raw("model_type") === "RefinedWeb");
    const isParallel = isNew || reader.boolean("parallel_attn", true);
    const hasAlibi = reader.boolean("alibi", false);
    const heads = reader.size("num_attention_heads", { max: 2 ** 12 });
    const fields = reader.renamed({
      intermediate_size: "ffn_hidden_size",
      rms_norm_eps: "layer_norm_epsilon",
      // Without the new architecture the field is there, but multi_query decides.
      num_key_value_heads: isNew ? "num_kv_heads" : "num_key_value_heads",
    });
    const read = hasAlibi ? readPlainConfig : readDecoderConfig;
    const config = read(fields, NAME, {
      normEps: 1e-5,
      tieWordEmbeddings: true,
      bosTokenId: 11,
      eosTokenIds: [11],
      intermediateSize: 4 * reader.size("hidden_size", { max: 2 ** 18 }),
      numKvHeads: !isNew && reader.boolean("multi_query", true) ? 1 : heads,
    });
    const norms = reader.size("num_ln_in_parallel_attn", { fallback: isNew ? 2 : 1, max: 2 });
    return {
      ...config,
      activation: readActivation(reader, "activation", "gelu"),
      hasBiases: reader.boolean("bias", false),
      isParallel,
      hasTwoNorms: isNew && norms === 2,
      hasAlibi,
    };
  },
  blueprint(config) {
    const { hiddenSize, numHeads, numKvHeads, headDim, normEps, hasBiases: bias, hasTwoNorms, isParallel } = config;
    const norm = (id: string) => layerNorm(id, hiddenSize, normEps);
    const qkv = { bias, rows: splitQkvGroups(numKvHeads, numHeads / numKvHeads, headDim) };
    // ALiBi is added before scores are scaled.
    const slopes = config.hasAlibi ? alibiSlopes(numHeads).map((slope) => slope * headDim ** -0.5) : undefined;
    return decoderBlueprint(
      config,
      norm(`${BASE}.ln_f`),
      (index, id) => {
        const parts = {
          inputNorm: norm(hasTwoNorms ? `${id}.ln_attn` : `${id}.input_layernorm`),
          attention: mergedAttention(
            { qkv: `${id}.self_attention.query_key_value`, output: `${id}.self_attention.dense` },
            index,
            config,
            qkv,
            config.hasAlibi ? { slopes } : { rope: 0 },
          ),
          mlp: plainMlp(`${id}.mlp.dense_h_to_4h`, `${id}.mlp.dense_4h_to_h`, config, { bias }),
        };
        return isParallel
          ? { kind: "parallel", ...parts, mlpNorm: hasTwoNorms ? norm(`${id}.ln_mlp`) : undefined }
          : { kind: "sequential", ...parts, mlpNorm: norm(`${id}.post_attention_layernorm`) };
      },
      { embedding: `${BASE}.word_embeddings`, layers: `${BASE}.h` },
    );
  },
};
