// MptForCausalLM: ALiBi, no biases anywhere (MosaicML 2023).
import { mptSlopes } from "../alibi.js";
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { decoderBlueprint, layerNorm, mergedAttention, plainMlp } from "../hf-modules.js";
import { type ModelConfig, readPlainConfig } from "../model-config.js";
import { readClip } from "./olmo.js";

const NAME = "MptForCausalLM";
const BASE = "transformer";

export interface MptConfig extends ModelConfig {
  /** Factor of scores. */
  readonly scale: number;
  readonly slopes: readonly number[];
  /** Values of q, k and v lie between this and its negative; null: they are not clipped. */
  readonly clip: number | null;
}

export const mpt: Architecture<MptConfig> = {
  name: NAME,
  aliases: ["MPTForCausalLM"],
  basePrefix: `${BASE}.`,
  readConfig(reader: ConfigReader): MptConfig {
    const fields = reader.renamed({
      hidden_size: "d_model",
      num_hidden_layers: "n_layers",
      num_attention_heads: "n_heads",
      max_position_embeddings: "max_seq_len",
      rms_norm_eps: "layer_norm_epsilon",
    });
    const ratio = reader.size("expansion_ratio", { fallback: 4, max: 64 });
    if (ratio !== 4) reader.unsupported("expansion_ratio", ["4"]);
    const config = readPlainConfig(fields, NAME, {
      normEps: 1e-5,
      activation: "gelu",
      tieWordEmbeddings: true,
      intermediateSize: 4 * fields.size("hidden_size", { max: 2 ** 18 }),
    });
    const attention = reader.object("attn_config");
    const biasMax = attention?.size("alibi_bias_max", { fallback: 8, max: 64 }) ?? 8;
    if (attention && !attention.boolean("alibi", true)) attention.unsupported("alibi", ["true"]);
    if (attention?.boolean("qk_ln", false)) attention.unsupported("qk_ln", ["false"]);
    const usual = config.headDim ** -0.5;
    return {
      ...config,
      scale: attention?.number("softmax_scale", { fallback: usual, min: 0, max: 1e6 }) ?? usual,
      slopes: mptSlopes(config.numHeads, biasMax),
      clip: attention === undefined ? null : readClip(attention),
    };
  },
  blueprint(config) {
    const { hiddenSize, normEps, scale, slopes, clip } = config;
    const norm = (id: string) => layerNorm(id, hiddenSize, normEps, { bias: false });
    return decoderBlueprint(
      config,
      norm(`${BASE}.norm_f`),
      (index, id) => ({
        kind: "sequential",
        inputNorm: norm(`${id}.norm_1`),
        attention: mergedAttention(
          { qkv: `${id}.attn.Wqkv`, output: `${id}.attn.out_proj` },
          index,
          config,
          {},
          { scale, slopes, clip: clip ?? undefined },
        ),
        mlpNorm: norm(`${id}.norm_2`),
        mlp: plainMlp(`${id}.ffn.up_proj`, `${id}.ffn.down_proj`, config, {}),
      }),
      { embedding: `${BASE}.wte`, layers: `${BASE}.blocks` },
    );
  },
};
