// Olmo3ForCausalLM: OLMo 2 with windows in three of four layers; only the others are stretched for long texts (OLMo Team 2025).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { readPlainConfig } from "../model-config.js";
import { type LayerRopes, readLayerRopes } from "../rope-config.js";
import { readWindows } from "../windows.js";
import { type Olmo2Config, olmo2Blueprint } from "./olmo2.js";

const NAME = "Olmo3ForCausalLM";
const THETA = 500000;

export interface Olmo3Config extends Omit<Olmo2Config, "rope">, LayerRopes {}

export const olmo3: Architecture<Olmo3Config> = {
  name: NAME,
  readConfig(reader: ConfigReader): Olmo3Config {
    const config = readPlainConfig(reader, NAME, { normEps: 1e-5, eosTokenIds: [50279] });
    const { numLayers, headDim, maxPositions } = config;
    return {
      ...config,
      ...readLayerRopes(reader, headDim, maxPositions, { theta: THETA }),
      attentionBias: reader.boolean("attention_bias", false),
      windows: readWindows(reader, numLayers, { window: 4096, slides: (index) => (index + 1) % 4 !== 0 }),
    };
  },
  blueprint(config) {
    const { windows, rope, localRope } = config;
    const blueprint = olmo2Blueprint(config, (index) => (windows[index] === null ? 0 : 1));
    return { ...blueprint, ropes: [rope, localRope] };
  },
};
