// OlmoForCausalLM: a Llama whose norms have no weights, and whose q, k and v may be clipped (Groeneveld et al. 2024).
import type { Architecture } from "../architecture.js";
import type { NormSpec } from "../blueprint.js";
import type { ConfigReader } from "../hf-config.js";
import { decoderBlueprint, gatedMlp, selfAttention } from "../hf-modules.js";
import { readDecoderConfig } from "../model-config.js";
import type { LlamaConfig } from "./llama.js";

const NAME = "OlmoForCausalLM";
/** In its code; no field has it. */
const NORM_EPS = 1e-5;

export interface OlmoConfig extends Omit<LlamaConfig, "mlpBias"> {
  /** Values of q, k and v lie between this and its negative; null: they are not clipped. */
  readonly clip: number | null;
}

export const olmo: Architecture<OlmoConfig> = {
  name: NAME,
  readConfig(reader: ConfigReader): OlmoConfig {
    return {
      ...readDecoderConfig(reader, NAME, { eosTokenIds: [50279] }),
      normEps: NORM_EPS,
      attentionBias: reader.boolean("attention_bias", false),
      clip: readClip(reader),
    };
  },
  blueprint(config) {
    const { hiddenSize, normEps, attentionBias: bias, clip } = config;
    const norm = (id: string): NormSpec => ({
      kind: "layer",
      weight: { kind: "tensor", id, name: id, shape: [hiddenSize], value: 1 },
      eps: normEps,
    });
    return decoderBlueprint(config, norm("model.norm"), (index, id) => ({
      kind: "sequential",
      inputNorm: norm(`${id}.input_layernorm`),
      attention: selfAttention(`${id}.self_attn`, index, config, { bias, clip: clip ?? undefined }),
      mlpNorm: norm(`${id}.post_attention_layernorm`),
      mlp: gatedMlp(`${id}.mlp`, config),
    }));
  },
};

/** `clip_qkv`, where 0 is none, as in transformers. */
export function readClip(reader: ConfigReader): number | null {
  return reader.number("clip_qkv", { fallback: 0, min: 0, max: 1e6 }) || null;
}
