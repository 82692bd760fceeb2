// Runs requests through an engine core and records, for each, its tokens and a hash of the logits of every sampled position.
import { createHash } from "node:crypto";
import {
  type Backend,
  bytesOf,
  PlanHeader,
  ROW_INIT_WORDS,
  RowInit,
  type StepPlan,
  slice,
  type Tensor,
} from "@octavo/core";
import type { EngineOptions, LogitsProcessor, SamplingParams } from "@octavo/engine";
import {
  createStatsBuffer,
  type EngineCore,
  encodeAdd,
  loadCore,
  OUTPUT_WORDS,
  readStats,
  resolveSamplingParams,
} from "@octavo/engine/core";

/** Greedy, and seeded sampling with each filter; then with what edits logits, for any vocabulary of 256 tokens or more. */
export const SAMPLING_KINDS: readonly SamplingParams[] = [
  { temperature: 0 },
  { temperature: 0.8 },
  { temperature: 1.2, topK: 20 },
  { temperature: 1, topP: 0.9 },
  { temperature: 0.7, minP: 0.05 },
  { temperature: 0, presencePenalty: 1, frequencyPenalty: 0.5 },
  { temperature: 0.9, repetitionPenalty: 1.3 },
  { temperature: 0, repetitionPenalty: 1.1, logitBias: { 40: 2, 41: -100, 97: 3 }, minTokens: 6 },
  { temperature: 1, allowedTokenIds: Array.from({ length: 60 }, (_, i) => 60 + i), badWords: ["ab", "x", "cde"] },
  { temperature: 0, extraArgs: { even: true } },
  { temperature: 1, extraArgs: { even: true }, presencePenalty: 0.7, topK: 30 },
];

/** Bad words of tests: a token for each character. */
export const letters = () => ({
  encode: (text: string) => Int32Array.from(text, (character) => character.charCodeAt(0)),
});

/** Leaves every second token, and which ones depends on the output so far. */
export const evenTokens: LogitsProcessor = ({ extraArgs }) => {
  if (!extraArgs.even) return null;
  return (logits, output) => {
    for (let token = output.length % 2; token < logits.length; token += 2) logits[token] = Number.NEGATIVE_INFINITY;
  };
};

export interface TestRequest {
  readonly prompt: readonly number[];
  readonly params: SamplingParams;
}

export interface WorkloadResult {
  /** Tokens of each request, in the order given. */
  readonly tokens: number[][];
  /** For each request a map of position to the hash of the logits that its token was picked from. */
  readonly logits: Map<number, string>[];
  readonly preemptions: number;
  readonly prefixCacheHits: number;
  /** Of these, tokens that came from another tier, one for all groups of layers. */
  readonly externalPrefixCacheHits: number;
  /** Drafts, and those that were right. */
  readonly draftTokens: number;
  readonly acceptedTokens: number;
}

/** How many requests are handed over before each step; `1e9` hands over all at once, 0 one at a time, each when the last is done. */
export interface Arrival {
  readonly perStep: number;
}

/**
 * Runs `requests`; `rounds` times over on the same engine, of which the last is reported.
 * @param backend of the caller's own; without logits in the result
 */
export async function runWorkload(
  folder: string,
  options: EngineOptions,
  requests: readonly TestRequest[],
  arrival: Arrival = { perStep: 1e9 },
  rounds = 1,
  backend?: Backend,
): Promise<WorkloadResult> {
  const stats = new Float64Array(createStatsBuffer());
  const { core, info, eosTokenIds } = await loadCore(
    folder,
    { logitsProcessors: [evenTokens], ...options },
    stats,
    backend,
  );
  try {
    let result: { tokens: number[][]; logits: Map<number, string>[] } | undefined;
    for (let round = 0; round < rounds; round++) {
      result = runRound(core, requests, arrival, round, backend === undefined, (index) => {
        const { prompt, params } = requests[index]!;
        const context = {
          defaults: {},
          vocabSize: info.vocabSize,
          maxModelLen: info.maxModelLen,
          numPromptTokens: prompt.length,
          endTokenIds: eosTokenIds,
          tokenizer: letters,
        };
        // The seed tells requests apart in the plan's row inits.
        const resolved = resolveSamplingParams({ ...params, seed: 1000 + index }, context);
        const stops = params.ignoreEos ? [] : [...(params.stopTokenIds ?? []), ...eosTokenIds];
        return encodeAdd(id(round, index), Int32Array.from(prompt), resolved, stops);
      });
    }
    const { numPreemptions, numDraftTokens, numAcceptedTokens, kvBlocksUsed, ...lookups } = readStats(stats);
    const { prefixCacheHits, externalPrefixCacheHits } = lookups;
    if (kvBlocksUsed !== 0) throw new Error(`${kvBlocksUsed} blocks are still in use after the last request`);
    const drafts = { draftTokens: numDraftTokens, acceptedTokens: numAcceptedTokens };
    return { ...result!, ...drafts, preemptions: numPreemptions, prefixCacheHits, externalPrefixCacheHits };
  } finally {
    core.dispose();
  }
}

const id = (round: number, index: number) => round * 100_000 + index + 1;

function runRound(
  core: EngineCore,
  requests: readonly TestRequest[],
  arrival: Arrival,
  round: number,
  observe: boolean,
  encode: (index: number) => Int32Array,
) {
  const tokens: number[][] = requests.map(() => []);
  const logits = requests.map(() => new Map<number, string>());
  const requestOfRow = new Map<number, number>();
  // A backend that runs later has no logits yet.
  if (observe) core.observeSteps((plan, t) => record(plan, t, requestOfRow, logits));
  let next = 0;
  let done = 0;
  for (let step = 0; done < requests.length; step++) {
    if (step > 20_000) throw new Error(`${requests.length - done} requests are not done after ${step} steps`);
    const upTo = arrival.perStep === 0 ? done + 1 : next + arrival.perStep;
    while (next < Math.min(upTo, requests.length)) core.handle(encode(next++));
    core.step();
    const words = core.outputs.take();
    for (let i = 0; i < words.length; i += OUTPUT_WORDS) {
      tokens[words[i]! - id(round, 0)]!.push(words[i + 1]!);
      if (words[i + 2] !== 0) done++;
    }
  }
  while (core.step()) core.outputs.take(); // a step in flight when the last request ended
  // With two steps in flight, a request that ends by a stop token has been computed one token further.
  for (const [i, { prompt }] of requests.entries()) {
    for (const position of logits[i]!.keys()) {
      if (position >= prompt.length + tokens[i]!.length) logits[i]!.delete(position);
    }
  }
  return { tokens, logits };
}

function record(
  plan: StepPlan,
  t: Tensor | null,
  requestOfRow: Map<number, number>,
  logits: Map<number, string>[],
): void {
  const { words, layout } = plan;
  const inits = words[PlanHeader.rowInitsOffset]!;
  for (let i = 0; i < words[PlanHeader.numRowInits]!; i++) {
    const at = inits + i * ROW_INIT_WORDS;
    requestOfRow.set(words[at + RowInit.row]!, words[at + RowInit.seedLow]! - 1000);
  }
  if (!t) return;
  for (let sample = 0; sample < words[PlanHeader.numSamples]!; sample++) {
    const i = words[layout.sampleRows + sample]!;
    const offset = words[layout.sampleTokens + sample]! - words[layout.queryStarts + i]!;
    // What is sampled after a wrong draft is sampled again, and takes its place here.
    const position = words[layout.contextLens + i]! + offset + 1;
    const hash = createHash("sha1")
      .update(bytesOf(slice(t, 0, sample, sample + 1)))
      .digest("hex");
    logits[requestOfRow.get(words[layout.rowIds + i]!)!]!.set(position, hash);
  }
}
