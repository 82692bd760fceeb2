// Phi3ForCausalLM: Phi-3, Phi-3.5 and Phi-4, Llama with merged projections, partial rotation and longrope (Abdin et al. 2024).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { mergedGatedMlp } from "../hf-modules.js";
import { type ModelConfig, readDecoderConfig } from "../model-config.js";
import { linearParameter } from "../parameters.js";
import { readWindows } from "../windows.js";
import { llamaBlueprint } from "./llama.js";

const NAME = "Phi3ForCausalLM";

export const phi3: Architecture = {
  name: NAME,
  readConfig(reader: ConfigReader): ModelConfig {
    const defaults = { maxPositions: 4096, normEps: 1e-5, bosTokenId: 1, eosTokenIds: [32000] };
    const config = readDecoderConfig(reader, NAME, defaults);
    return { ...config, windows: readWindows(reader, config.numLayers) };
  },
  blueprint(config) {
    const { hiddenSize, numHeads, numKvHeads, headDim } = config;
    const size = (numHeads + 2 * numKvHeads) * headDim;
    return llamaBlueprint(config, {
      attention: (_, id) => ({ qkv: linearParameter(`${id}.qkv_proj`, hiddenSize, [[`${id}.qkv_proj`, size]]) }),
      mlp: (_, id) => mergedGatedMlp(`${id}.mlp.gate_up_proj`, `${id}.mlp.down_proj`, config),
    });
  },
};
