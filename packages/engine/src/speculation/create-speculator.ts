// From the option to what the scheduler asks for drafts.
import type { EngineOptions } from "../engine-options.js";
import { NgramProposer } from "./ngram-proposer.js";
import { resolveSpeculation } from "./speculative-config.js";
import { Speculator } from "./speculator.js";
import { SuffixProposer } from "./suffix-proposer.js";

/** Nothing without `speculativeConfig`. */
export function createSpeculator({ speculativeConfig }: EngineOptions): Speculator | undefined {
  if (speculativeConfig === undefined) return undefined;
  const config = resolveSpeculation(speculativeConfig);
  return new Speculator(config, config.method === "suffix" ? new SuffixProposer(config) : new NgramProposer(config));
}
