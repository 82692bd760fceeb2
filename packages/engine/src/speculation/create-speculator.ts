// From the option to what the scheduler asks for drafts.
import type { EngineOptions } from "../engine-options.js";
import { NgramProposer } from "./ngram-proposer.js";
import { resolveSpeculation } from "./speculative-config.js";
import { Speculator } from "./speculator.js";

/** Nothing without `speculativeConfig`. */
export function createSpeculator({ speculativeConfig }: EngineOptions): Speculator | undefined {
  if (speculativeConfig === undefined) return undefined;
  const config = resolveSpeculation(speculativeConfig);
  return new Speculator(config, new NgramProposer(config));
}
