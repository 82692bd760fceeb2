// EuroBertModel: a Llama whose tokens see all of a text (Boizard et al. 2025).
import type { EncoderArchitecture } from "../architecture.js";
import { bidirectional } from "../bidirectional.js";
import { isOfTask } from "../encoder-modules.js";
import { llama } from "./llama.js";

const NAME = "EuroBertModel";
const encoder = bidirectional(llama);

export const euroBert: EncoderArchitecture = {
  ...encoder,
  name: NAME,
  aliases: ["EuroBert", "EuroBertForMaskedLM"],
  isUnread: isOfTask,
  readConfig(reader) {
    const normEps = reader.number("rms_norm_eps", { fallback: 1e-5, min: 0, max: 1 });
    return { ...encoder.readConfig(reader), normEps, architecture: NAME };
  },
};
