// The engine's counters in shared memory: the engine writes them after each step, anyone may read them at any time.
import type { SchedulerStats } from "@octavo/scheduler";
import type { EngineStats } from "../engine.js";
import { MAX_SPECULATIVE_TOKENS } from "../speculation/speculative-config.js";

const FIELDS = [
  "numRunning",
  "numWaiting",
  "kvBlocksUsed",
  "kvBlocksTotal",
  "prefixCacheQueries",
  "prefixCacheHits",
  "externalPrefixCacheQueries",
  "externalPrefixCacheHits",
  "numPreemptions",
  "promptTokens",
  "generationTokens",
  "numDrafts",
  "numDraftTokens",
  "numAcceptedTokens",
  "steps",
  "numGraphs",
  "graphBytes",
  "kvOffloadBytes",
  "kvLoadBytes",
] as const satisfies readonly Exclude<keyof EngineStats, "stepTokens" | "numAcceptedTokensPerPos">[];

/** Steps by their tokens: counts of up to 1, 2, 4, ... 2^14, and of more; the sum of tokens stands before them. */
const STEP_TOKENS = FIELDS.length;
const STEP_TOKENS_BUCKETS = 16;
/** How many positions of drafts there are, then how often the draft at each was right. */
const POSITIONS = STEP_TOKENS + 1 + STEP_TOKENS_BUCKETS;

export function createStatsBuffer(): SharedArrayBuffer {
  return new SharedArrayBuffer(8 * (POSITIONS + 1 + MAX_SPECULATIVE_TOKENS));
}

/** Counts a launched step. */
export function countStep(buffer: Float64Array, tokens: number): void {
  const bucket = Math.min(32 - Math.clz32(tokens - 1), STEP_TOKENS_BUCKETS - 1);
  buffer[STEP_TOKENS]! += tokens;
  buffer[STEP_TOKENS + 1 + bucket]! += 1;
}

export function writeAcceptedPerPos(buffer: Float64Array, accepted: Float64Array): void {
  buffer[POSITIONS] = accepted.length;
  buffer.set(accepted, POSITIONS + 1);
}

const OWN = FIELDS.indexOf("steps");

/** @param own the fields from `steps` on, which the scheduler does not know */
export function writeStats(buffer: Float64Array, stats: SchedulerStats, own: Float64Array): void {
  for (let i = 0; i < OWN; i++) buffer[i] = stats[FIELDS[i] as keyof SchedulerStats];
  for (let i = 0; i < own.length; i++) buffer[OWN + i] = own[i]!;
}

/** The fields of an engine that makes embeddings; the others stay 0. */
export function writePoolingStats(
  buffer: Float64Array,
  stats: Pick<EngineStats, "numRunning" | "numWaiting" | "promptTokens" | "steps">,
): void {
  buffer[FIELDS.indexOf("numRunning")] = stats.numRunning;
  buffer[FIELDS.indexOf("numWaiting")] = stats.numWaiting;
  buffer[FIELDS.indexOf("promptTokens")] = stats.promptTokens;
  buffer[OWN] = stats.steps;
}

export function readStats(buffer: Float64Array): EngineStats {
  const fields = Object.fromEntries(FIELDS.map((field, i) => [field, buffer[i]!]));
  const counts = Array.from(buffer.subarray(STEP_TOKENS + 1, STEP_TOKENS + 1 + STEP_TOKENS_BUCKETS));
  const numAcceptedTokensPerPos = Array.from(buffer.subarray(POSITIONS + 1, POSITIONS + 1 + buffer[POSITIONS]!));
  const stepTokens = { sum: buffer[STEP_TOKENS]!, counts };
  return { ...fields, stepTokens, numAcceptedTokensPerPos } as unknown as EngineStats;
}
