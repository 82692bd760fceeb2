// Gemma4ForCausalLM, the text part of Gemma 4: Gemma 3 with values that are normed, too, and wider and fewer heads where layers see all,
// whose values may be what their keys are made of. Larger models have experts beside each MLP, smaller ones an input of its own for each
// layer, and later layers that read the keys and values of earlier ones (Gemma Team 2026).
import type { Architecture } from "../architecture.js";
import { gemma4Blueprint } from "./gemma4-blueprint.js";
import { type Gemma4Config, readGemma4Config } from "./gemma4-config.js";

const NAME = "Gemma4ForCausalLM";

export const gemma4: Architecture<Gemma4Config> = {
  name: NAME,
  aliases: ["Gemma4ForConditionalGeneration", "Gemma4UnifiedForCausalLM", "Gemma4UnifiedForConditionalGeneration"],
  readConfig: (reader) => readGemma4Config(reader, NAME),
  isUnread: (name, { cachedIn }) => {
    const [, layer] = /^model\.layers\.(\d+)\.self_attn\.[kv]_(?:proj|norm)\./.exec(name) ?? [];
    return layer !== undefined && (cachedIn[Number(layer)] ?? Number(layer)) !== Number(layer);
  },
  blueprint: gemma4Blueprint,
};
