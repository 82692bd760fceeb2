// FlexOlmoForCausalLM: OLMo 2 with experts in every layer (Shi et al. 2025).
import type { Architecture } from "../architecture.js";
import { olmo2Blueprint } from "./olmo2.js";
import { type OlmoeConfig, olmoeExperts, readOlmoeConfig } from "./olmoe.js";

const NAME = "FlexOlmoForCausalLM";

export const flexOlmo: Architecture<OlmoeConfig> = {
  name: NAME,
  readConfig: (reader) =>
    readOlmoeConfig(reader, NAME, { normEps: 1e-6, eosTokenIds: [100257], theta: 500000, count: 7, chosen: 5 }),
  blueprint: (config) => olmo2Blueprint(config, undefined, (_, id) => olmoeExperts(`${id}.mlp`, config)),
};
