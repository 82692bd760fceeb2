// The engine's counters in shared memory: the engine writes them after each step, anyone may read them at any time.
import type { SchedulerStats } from "@octavo/scheduler";
import type { EngineStats } from "../engine.js";

const FIELDS = [
  "numRunning",
  "numWaiting",
  "kvBlocksUsed",
  "kvBlocksTotal",
  "prefixCacheQueries",
  "prefixCacheHits",
  "numPreemptions",
  "promptTokens",
  "generationTokens",
  "steps",
  "numGraphs",
  "graphBytes",
] as const satisfies readonly (keyof EngineStats)[];

export function createStatsBuffer(): SharedArrayBuffer {
  return new SharedArrayBuffer(8 * FIELDS.length);
}

const OWN = FIELDS.indexOf("steps");

export function writeStats(
  buffer: Float64Array,
  stats: SchedulerStats,
  steps: number,
  numGraphs: number,
  graphBytes: number,
): void {
  for (let i = 0; i < OWN; i++) buffer[i] = stats[FIELDS[i] as keyof SchedulerStats];
  buffer[OWN] = steps;
  buffer[OWN + 1] = numGraphs;
  buffer[OWN + 2] = graphBytes;
}

export function readStats(buffer: Float64Array): EngineStats {
  return Object.fromEntries(FIELDS.map((field, i) => [field, buffer[i]!])) as unknown as EngineStats;
}
