// Gemma2ForCausalLM: Gemma with a window in every other layer, norms around attention and MLP, and soft caps (Gemma Team 2024).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { gatedMlp, type SelfAttentionOptions, selfAttention } from "../hf-modules.js";
import { readActivation, readDecoderConfig } from "../model-config.js";
import { readWindows } from "../windows.js";
import { GEMMA_DEFAULTS, type GemmaConfig, gemmaBlueprint, gemmaNorm } from "./gemma.js";

const NAME = "Gemma2ForCausalLM";

/** What Gemma 2 and 3 add to Gemma. */
export interface Gemma2Config extends GemmaConfig {
  /** Scores are multiplied by this to the power of -0.5. */
  readonly queryScalar: number;
  /** Of the scores; null: none. */
  readonly attentionSoftcap: number | null;
  /** Of the logits; null: none. */
  readonly logitSoftcap: number | null;
}

export const gemma2: Architecture<Gemma2Config> = {
  name: NAME,
  readConfig(reader: ConfigReader): Gemma2Config {
    const config = readDecoderConfig(reader, NAME, GEMMA_DEFAULTS);
    const slides = (index: number) => (index + 1) % 2 !== 0;
    return {
      ...config,
      ...readGemma2Fields(reader, { attentionSoftcap: 50, logitSoftcap: 30 }),
      windows: readWindows(reader, config.numLayers, { window: 4096, slides }),
    };
  },
  blueprint: (config) => gemma2Blueprint(config),
};

/** @param usual soft caps where config.json does not have the fields; null there means none */
export function readGemma2Fields(
  reader: ConfigReader,
  usual: { readonly attentionSoftcap: number | null; readonly logitSoftcap: number | null },
) {
  return {
    activation: readActivation(reader, "hidden_activation", "gelu_tanh"),
    attentionBias: reader.boolean("attention_bias", false),
    queryScalar: reader.number("query_pre_attn_scalar", { fallback: 256, min: 0, aboveMin: true, max: 1e6 }),
    attentionSoftcap: readSoftcap(reader, "attn_logit_softcapping", usual.attentionSoftcap),
    logitSoftcap: readSoftcap(reader, "final_logit_softcapping", usual.logitSoftcap),
  };
}

/** A soft cap, where null means none. @param usual where config.json does not have the field */
export function readSoftcap(reader: ConfigReader, name: string, usual: number | null): number | null {
  if (!reader.has(name)) return reader.keys().includes(name) ? null : usual;
  return reader.number(name, { min: 0, aboveMin: true, max: 1e6 });
}

/** @param attention what a layer's attention has beyond Gemma 2's */
export function gemma2Blueprint(
  config: Gemma2Config,
  attention: (index: number, id: string) => SelfAttentionOptions = () => ({}),
) {
  const { attentionBias, queryScalar, attentionSoftcap, logitSoftcap } = config;
  const blueprint = gemmaBlueprint(config, (index, id) => ({
    kind: "sequential",
    inputNorm: gemmaNorm(`${id}.input_layernorm`, config),
    attention: selfAttention(`${id}.self_attn`, index, config, {
      bias: attentionBias,
      scale: queryScalar ** -0.5,
      softcap: attentionSoftcap ?? undefined,
      ...attention(index, `${id}.self_attn`),
    }),
    attentionOutputNorm: gemmaNorm(`${id}.post_attention_layernorm`, config),
    mlpNorm: gemmaNorm(`${id}.pre_feedforward_layernorm`, config),
    mlp: gatedMlp(`${id}.mlp`, config),
    mlpOutputNorm: gemmaNorm(`${id}.post_feedforward_layernorm`, config),
  }));
  return { ...blueprint, head: { ...blueprint.head, softcap: logitSoftcap ?? undefined } };
}
