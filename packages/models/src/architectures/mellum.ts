// MellumForCausalLM: Mellum 2, Qwen3 with experts, and with a rotation of their own for layers that have windows (JetBrains 2026).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { readPlainConfig } from "../model-config.js";
import { type LayerRopes, readLayerRopes } from "../rope-config.js";
import { readMlpTypes } from "../shared-experts.js";
import { readWindows } from "../windows.js";
import { type Qwen3MoeConfig, qwen3MoeBlueprint, readQwenExperts } from "./qwen3-moe.js";

const NAME = "MellumForCausalLM";
const USUAL = { count: 64, chosen: 8, size: 896 };

export interface MellumConfig extends Omit<Qwen3MoeConfig, "rope">, LayerRopes {}

export const mellum: Architecture<MellumConfig> = {
  name: NAME,
  readConfig(reader: ConfigReader): MellumConfig {
    const config = readPlainConfig(reader, NAME, { maxPositions: 2 ** 17, headDim: 128, numKvHeads: 4 });
    const { numLayers, headDim, maxPositions } = config;
    const experts = readQwenExperts(reader, numLayers, USUAL);
    return {
      ...config,
      ...readLayerRopes(reader, headDim, maxPositions, { theta: 500000, localTheta: 10000 }),
      ...experts,
      isSparse: readMlpTypes(reader, numLayers) ?? experts.isSparse,
      renormalizes: reader.boolean("norm_topk_prob", true),
      attentionBias: reader.boolean("attention_bias", false),
      windows: readWindows(reader, numLayers, { slides: () => false }),
    };
  },
  isUnread: (name) => name.startsWith("mtp."),
  blueprint(config) {
    const { windows, rope, localRope } = config;
    const blueprint = qwen3MoeBlueprint(config, (index) => (windows[index] === null ? 0 : 1));
    return { ...blueprint, ropes: [rope, localRope] };
  },
};
