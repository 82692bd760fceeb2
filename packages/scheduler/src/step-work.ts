// How much a step computes, in the numbers that decide how long it takes on a device.
import { PlanHeader, type StepPlan } from "@octavo/core";

export interface StepWork {
  /** Tokens that are computed, padding included. */
  tokens: number;
  /** Requests of the step, padding included. */
  rows: number;
  /** Tokens whose keys and values attention reads, counted once for each row: context and chunk. */
  context: number;
  /** Pairs of a token and one that it attends to. Equals `context` in steps that only decode. */
  pairs: number;
}

/** Counts the work of a finished plan into `work`, which is returned. Allocates nothing. */
export function countWork({ layout, words }: StepPlan, work: StepWork): StepWork {
  const { queryStarts, contextLens } = layout;
  const rows = words[PlanHeader.numRows]!;
  let context = 0;
  let pairs = 0;
  for (let i = 0; i < rows; i++) {
    const before = words[contextLens + i]!;
    const chunk = words[queryStarts + i + 1]! - words[queryStarts + i]!;
    context += before + chunk;
    pairs += chunk * before + (chunk * (chunk + 1)) / 2;
  }
  work.tokens = words[PlanHeader.numTokens]!;
  work.rows = rows;
  work.context = context;
  work.pairs = pairs;
  return work;
}
