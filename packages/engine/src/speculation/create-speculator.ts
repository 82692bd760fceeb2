// From the option to what the scheduler asks for drafts.
import type { Backend } from "@octavo/core";
import type { KvCacheTensors } from "@octavo/models";
import type { EngineOptions } from "../engine-options.js";
import type { EngineSizes } from "../engine-sizes.js";
import { type DraftModel, DraftRunner } from "../runner/draft-runner.js";
import { ModelProposer } from "./model-proposer.js";
import { NgramProposer } from "./ngram-proposer.js";
import type { Proposer } from "./proposer.js";
import { type ResolvedSpeculation, resolveSpeculation } from "./speculative-config.js";
import { Speculator } from "./speculator.js";
import { SuffixProposer } from "./suffix-proposer.js";

/** What drafts, where a model does: which one, and its keys and values. */
export interface Drafter extends DraftModel {
  readonly kvCache: KvCacheTensors;
}

/** Nothing without `speculativeConfig`. */
export function createSpeculator(
  { speculativeConfig }: EngineOptions,
  backend: Backend,
  sizes: EngineSizes,
  drafter: Drafter | undefined,
): Speculator | undefined {
  if (speculativeConfig === undefined) return undefined;
  const config = resolveSpeculation(speculativeConfig);
  return new Speculator(config, drafter ? proposerOf(drafter, config, backend, sizes) : lookupOf(config));
}

function lookupOf(config: ResolvedSpeculation): Proposer {
  return config.method === "suffix" ? new SuffixProposer(config) : new NgramProposer(config);
}

function proposerOf(drafter: Drafter, config: ResolvedSpeculation, backend: Backend, sizes: EngineSizes): Proposer {
  const { numSpeculativeTokens } = config;
  const runner = new DraftRunner(backend, drafter, drafter.kvCache, sizes, numSpeculativeTokens);
  return new ModelProposer(runner, numSpeculativeTokens, sizes.maxNumSeqs);
}
