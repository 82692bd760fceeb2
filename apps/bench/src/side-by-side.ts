// Two engines of one process run the same work in turns, so that whatever happens on the machine happens to both.
import type { LLM } from "@octavo/engine";

/** Work on one engine. */
export interface Run {
  readonly seconds: number;
  /** Of all threads: says more where others use the machine. */
  readonly cpuSeconds: number;
}

/** What the second engine needs beside the first: below 1 it takes longer. */
export interface Ratios {
  readonly ratio: number;
  readonly lowest_ratio: number;
  readonly highest_ratio: number;
  readonly cpu_ratio: number;
}

export interface SideBySide<R extends Run> {
  readonly ratios: Ratios;
  readonly first: readonly R[];
  readonly second: readonly R[];
}

/** @param rounds that count; one before them does not. Who goes first takes turns, so that a machine that slows down favours neither. */
export async function sideBySide<R extends Run>(
  first: LLM,
  second: LLM,
  rounds: number,
  run: (llm: LLM, round: number) => Promise<R>,
): Promise<SideBySide<R>> {
  const runs: [R[], R[]] = [[], []];
  for (let round = 0; round <= rounds; round++) {
    const order = round % 2 === 0 ? [first, second] : [second, first];
    const results = new Map<LLM, R>();
    for (const llm of order) results.set(llm, await run(llm, round));
    if (round === 0) continue;
    runs[0].push(results.get(first)!);
    runs[1].push(results.get(second)!);
  }
  const ratios = runs[0].map(({ seconds }, i) => seconds / runs[1][i]!.seconds);
  const cpuRatios = runs[0].map(({ cpuSeconds }, i) => cpuSeconds / runs[1][i]!.cpuSeconds);
  return {
    ratios: {
      ratio: rounded(median(ratios), 3),
      lowest_ratio: rounded(Math.min(...ratios), 3),
      highest_ratio: rounded(Math.max(...ratios), 3),
      cpu_ratio: rounded(median(cpuRatios), 3),
    },
    first: runs[0],
    second: runs[1],
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

export function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
