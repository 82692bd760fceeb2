// Gemma3ForCausalLM, the text part of Gemma 3: Gemma 2 with norms on heads, five windowed layers to one full one, and a rotation
// for each of the two kinds (Gemma Team 2025).
import type { Architecture } from "../architecture.js";
import { seesAll } from "../bidirectional.js";
import type { ConfigReader } from "../hf-config.js";
import { readPlainConfig } from "../model-config.js";
import { type LayerRopes, readLayerRopes } from "../rope-config.js";
import { readWindows } from "../windows.js";
import { GEMMA_DEFAULTS, gemmaNorm } from "./gemma.js";
import { type Gemma2Config, gemma2Blueprint, readGemma2Fields } from "./gemma2.js";

const NAME = "Gemma3ForCausalLM";
const GLOBAL_THETA = 1e6;
const LOCAL_THETA = 1e4;

export interface Gemma3Config extends Omit<Gemma2Config, "rope">, LayerRopes {}

export const gemma3: Architecture<Gemma3Config> = {
  name: NAME,
  aliases: ["Gemma3ForConditionalGeneration"],
  hasBidirectionalWindows: true,
  readConfig(reader: ConfigReader): Gemma3Config {
    // The 4B's text_config leaves out what transformers has as its default.
    const defaults = { ...GEMMA_DEFAULTS, maxPositions: 2 ** 17, numHeads: 8, numKvHeads: 4, vocabSize: 262_208 };
    // Its max_position_embeddings is the length with scaling, as vLLM has it.
    const config = readPlainConfig(reader, NAME, defaults);
    const { headDim, maxPositions, numLayers } = config;
    const ropes = readLayerRopes(reader, headDim, maxPositions, { theta: GLOBAL_THETA, localTheta: LOCAL_THETA });
    const pattern = reader.size("sliding_window_pattern", { fallback: 6, max: 2 ** 12 });
    const slides = (index: number) => (index + 1) % pattern !== 0;
    return {
      ...config,
      ...readGemma2Fields(reader, { attentionSoftcap: null, logitSoftcap: null }),
      // In the config as Gemma 2's; transformers and vLLM do not compute it here.
      attentionSoftcap: null,
      ...ropes,
      windows: readWindows(reader, numLayers, { window: 4096, slides }).map((window) =>
        // To both sides together (EmbeddingGemma).
        window !== null && seesAll(reader) ? Math.floor(window / 2) + 1 : window,
      ),
    };
  },
  blueprint(config) {
    const { headDim, windows, rope, localRope } = config;
    const blueprint = gemma2Blueprint(config, (index, id) => ({
      queryNorm: gemmaNorm(`${id}.q_norm`, config, headDim),
      keyNorm: gemmaNorm(`${id}.k_norm`, config, headDim),
      rope: windows[index] === null ? 0 : 1,
    }));
    return { ...blueprint, ropes: [rope, localRope] };
  },
};
