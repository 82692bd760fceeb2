// NanoChatForCausalLM: norms without weights everywhere, on the embedding and on turned heads too; squared ReLU (Karpathy 2025).
import type { Architecture } from "../architecture.js";
import type { NormSpec } from "../blueprint.js";
import type { ConfigReader } from "../hf-config.js";
import { decoderBlueprint, plainMlp, selfAttention } from "../hf-modules.js";
import { readDecoderConfig } from "../model-config.js";
import type { RowOrder } from "../row-order.js";
import { readSoftcap } from "./gemma2.js";
import type { LlamaConfig } from "./llama.js";

const NAME = "NanoChatForCausalLM";

export interface NanoChatConfig extends Omit<LlamaConfig, "mlpBias"> {
  /** Of the logits; null: none. */
  readonly logitSoftcap: number | null;
}

export const nanoChat: Architecture<NanoChatConfig> = {
  name: NAME,
  readConfig(reader: ConfigReader): NanoChatConfig {
    return {
      ...readDecoderConfig(reader, NAME, { activation: "relu2", bosTokenId: 0, eosTokenIds: [1] }),
      attentionBias: reader.boolean("attention_bias", false),
      logitSoftcap: readSoftcap(reader, "final_logit_softcapping", 15),
    };
  },
  blueprint(config) {
    const { hiddenSize, headDim, normEps, attentionBias: bias, logitSoftcap } = config;
    const norm = (id: string, size = hiddenSize): NormSpec => ({
      kind: "rms",
      weight: { kind: "tensor", id, name: id, shape: [size], value: 1 },
      eps: normEps,
    });
    const { embedding, head, ...rest } = decoderBlueprint(config, norm("model.norm"), (index, id) => ({
      kind: "sequential",
      inputNorm: norm(`${id}.input_layernorm`),
      attention: selfAttention(`${id}.self_attn`, index, config, {
        bias,
        rows: swapHalves(headDim),
        queryNorm: norm(`${id}.self_attn.q_norm`, headDim),
        keyNorm: norm(`${id}.self_attn.k_norm`, headDim),
        normsTurned: true,
      }),
      mlpNorm: norm(`${id}.post_attention_layernorm`),
      mlp: plainMlp(`${id}.mlp.fc1`, `${id}.mlp.fc2`, config, { bias: false }),
    }));
    return {
      ...rest,
      embedding: { ...embedding, norm: norm("model.embed_norm") },
      head: { ...head, softcap: logitSoftcap ?? undefined },
    };
  },
};

/** Its heads turn the other way round, which is the usual way for halves that have changed places. */
function swapHalves(headDim: number): RowOrder {
  return (row) => row - (row % headDim) + (((row % headDim) + headDim / 2) % headDim);
}
