// ModernBertDecoderForCausalLM: Ettin's decoders, ModernBERT whose tokens see those before them, with a head of two layers (Weller et al. 2025).
import type { Activation } from "@octavo/core";
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { decoderBlueprint, layerNorm, mergedGatedMlp, selfAttention } from "../hf-modules.js";
import { readActivation } from "../model-config.js";
import { linearParameter } from "../parameters.js";
import { readWindows } from "../windows.js";
import { type ModernBertConfig, readModernBertConfig } from "./modernbert.js";

const NAME = "ModernBertDecoderForCausalLM";
const EMBEDDING = "model.embeddings.tok_embeddings";

export interface ModernBertDecoderConfig extends ModernBertConfig {
  readonly headActivation: Activation;
  /** Of the head's first layer, and of its second. */
  readonly headBias: boolean;
  readonly decoderBias: boolean;
}

export const modernBertDecoder: Architecture<ModernBertDecoderConfig> = {
  name: NAME,
  readConfig(reader: ConfigReader): ModernBertDecoderConfig {
    const config = readModernBertConfig(reader, NAME);
    const every = reader.size("global_attn_every_n_layers", { fallback: 3, max: 2 ** 12 });
    const slides = (index: number) => index % every !== 0;
    // As ModernBERT's, of which a token sees the half before it.
    const window = Math.floor(reader.integer("local_attention", { fallback: 128, min: 2, max: 2 ** 30 }) / 2);
    return {
      ...config,
      windows: readWindows(reader, config.numLayers, { window, slides }),
      tieWordEmbeddings: reader.boolean("tie_word_embeddings", true),
      headActivation: readActivation(reader, "classifier_activation", "gelu"),
      headBias: reader.boolean("classifier_bias", false),
      decoderBias: reader.boolean("decoder_bias", true),
    };
  },
  blueprint(config) {
    const { hiddenSize, normEps, normBias, attentionBias, mlpBias, headBias, decoderBias, windows } = config;
    const norm = (id: string) => layerNorm(id, hiddenSize, normEps, { bias: normBias });
    const { embedding, head, ...rest } = decoderBlueprint(
      config,
      norm("model.final_norm"),
      (index, id) => ({
        kind: "sequential",
        inputNorm: index > 0 ? norm(`${id}.attn_norm`) : undefined,
        attention: selfAttention(`${id}.attn`, index, config, {
          bias: attentionBias,
          outputName: "Wo",
          rope: windows[index] === null ? 0 : 1,
        }),
        mlpNorm: norm(`${id}.mlp_norm`),
        mlp: mergedGatedMlp(`${id}.mlp.Wi`, `${id}.mlp.Wo`, config, { bias: mlpBias }),
      }),
      { embedding: EMBEDDING, head: "decoder", headBias: decoderBias },
    );
    return {
      ...rest,
      embedding: { ...embedding, norm: norm("model.embeddings.norm") },
      head: {
        ...head,
        project: linearParameter("lm_head.dense", hiddenSize, [["lm_head.dense", hiddenSize]], { bias: headBias }),
        activation: config.headActivation,
        norm: norm("lm_head.norm"),
      },
      ropes: [config.rope, config.localRope],
    };
  },
};
