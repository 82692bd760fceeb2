// BloomForCausalLM: ALiBi, a norm on the embedding (BigScience 2022).
import { alibiSlopes } from "../alibi.js";
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { decoderBlueprint, layerNorm, mergedAttention, plainMlp } from "../hf-modules.js";
import { type ModelConfig, readPlainConfig } from "../model-config.js";
import { splitQkvGroups } from "../row-order.js";

const NAME = "BloomForCausalLM";
const BASE = "transformer";

export interface BloomConfig extends ModelConfig {
  /** Whether what attention and MLP add to is normed, too. */
  readonly normsStream: boolean;
}

export const bloom: Architecture<BloomConfig> = {
  name: NAME,
  basePrefix: `${BASE}.`,
  readConfig(reader: ConfigReader): BloomConfig {
    const renamed = reader.renamed({
      hidden_size: reader.has("n_embed") ? "n_embed" : "hidden_size",
      num_hidden_layers: "n_layer",
      num_attention_heads: reader.has("n_head") ? "n_head" : "num_attention_heads",
      max_position_embeddings: "seq_length",
      rms_norm_eps: "layer_norm_epsilon",
    });
    const config = readPlainConfig(renamed, NAME, {
      normEps: 1e-5,
      activation: "gelu_tanh",
      tieWordEmbeddings: true,
      bosTokenId: 1,
      eosTokenIds: [2],
      intermediateSize: 4 * renamed.size("hidden_size", { max: 2 ** 18 }),
    });
    return { ...config, normsStream: reader.boolean("apply_residual_connection_post_layernorm", false) };
  },
  blueprint(config) {
    const { hiddenSize, numHeads, headDim, normEps, normsStream } = config;
    const norm = (id: string) => layerNorm(id, hiddenSize, normEps);
    const qkv = { bias: true, rows: splitQkvGroups(numHeads, 1, headDim) };
    const { embedding, ...rest } = decoderBlueprint(
      config,
      norm(`${BASE}.ln_f`),
      (index, id) => ({
        kind: "sequential",
        [normsStream ? "inputStreamNorm" : "inputNorm"]: norm(`${id}.input_layernorm`),
        attention: mergedAttention(
          { qkv: `${id}.self_attention.query_key_value`, output: `${id}.self_attention.dense` },
          index,
          config,
          qkv,
          { slopes: alibiSlopes(numHeads) },
        ),
        [normsStream ? "attentionStreamNorm" : "mlpNorm"]: norm(`${id}.post_attention_layernorm`),
        mlp: plainMlp(`${id}.mlp.dense_h_to_4h`, `${id}.mlp.dense_4h_to_h`, config),
      }),
      { embedding: `${BASE}.word_embeddings`, layers: `${BASE}.h` },
    );
    return { ...rest, embedding: { ...embedding, norm: norm(`${BASE}.word_embeddings_layernorm`) } };
  },
};
