// How much a step computes, in the numbers that decide how long it takes on a device.
import { PlanHeader, type StepPlan } from "@octavo/core";

export interface StepWork {
  /** Tokens that are computed, padding included. */
  tokens: number;
  /** Requests of the step, padding included. */
  rows: number;
  /** Tokens whose keys and values attention reads, counted once for each row: context and chunk. With windows, the mean of the groups. */
  context: number;
  /** Pairs of a token and one that it attends to, likewise. Equals `context` in steps that only decode. */
  pairs: number;
}

const ALL: readonly number[] = [Number.POSITIVE_INFINITY];

/**
 * Counts the work of a finished plan into `work`, which is returned. Allocates nothing.
 * @param slidingWindows for each group of layers, the tokens that a token sees, itself included. Default: one group that sees all
 */
export function countWork({ layout, words }: StepPlan, work: StepWork, slidingWindows = ALL): StepWork {
  const { queryStarts, contextLens } = layout;
  const rows = words[PlanHeader.numRows]!;
  const numGroups = slidingWindows.length;
  let context = 0;
  let pairs = 0;
  for (let i = 0; i < rows; i++) {
    const before = words[contextLens + i]!;
    const chunk = words[queryStarts + i + 1]! - words[queryStarts + i]!;
    for (let group = 0; group < numGroups; group++) {
      const window = slidingWindows[group]!;
      context += Math.min(before, window - 1) + chunk;
      // Those that see all before them, and those that see a window.
      const whole = Math.min(Math.max(window - before, 0), chunk);
      pairs += whole * before + (whole * (whole + 1)) / 2;
      if (whole < chunk) pairs += (chunk - whole) * window;
    }
  }
  work.tokens = words[PlanHeader.numTokens]!;
  work.rows = rows;
  work.context = context / numGroups;
  work.pairs = pairs / numGroups;
  return work;
}
