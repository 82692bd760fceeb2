// GPTBigCodeForCausalLM: StarCoder and SantaCoder, GPT-2 with one head of keys and values (Li et al. 2023).
import type { Architecture } from "../architecture.js";
import type { ConfigReader } from "../hf-config.js";
import { type Gpt2Config, gpt2Blueprint, readGpt2Config } from "./gpt2.js";

const NAME = "GPTBigCodeForCausalLM";

export const gptBigCode: Architecture<Gpt2Config> = {
  name: NAME,
  basePrefix: "transformer.",
  readConfig(reader: ConfigReader): Gpt2Config {
    if (!reader.boolean("multi_query", true)) reader.unsupported("multi_query", ["true"]);
    return readGpt2Config(reader, NAME, 1);
  },
  blueprint: (config) => gpt2Blueprint(config, { bias: true }),
};
