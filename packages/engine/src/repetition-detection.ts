// `repetitionDetection` as users give it.
import { checkArgument } from "@octavo/core";
import type { RepetitionDetection } from "@octavo/scheduler";
import { checkKeys } from "./known-keys.js";
import { wholeFrom } from "./param-checks.js";

/** Ends an output that ends with one pattern of tokens several times in a row. */
export interface RepetitionDetectionParams {
  /** Tokens of the longest pattern that is looked for, up to 1024. 0: none is. Default 0. */
  readonly maxPatternSize?: number;
  /** Tokens of the shortest one, at most `maxPatternSize`; 0 counts as 1. Default 0. */
  readonly minPatternSize?: number;
  /** Times that it must be there, one behind the other; 2 at least. */
  readonly minCount?: number;
}

/** Each sampled token is compared for each size. */
const MAX_PATTERN_SIZE = 1024;
/** They cross to the engine as int32. */
const MAX_COUNT = 2 ** 30;

const KNOWN: Readonly<Record<keyof RepetitionDetectionParams, true>> = {
  maxPatternSize: true,
  minPatternSize: true,
  minCount: true,
};

/** @returns undefined where nothing is looked for @throws INVALID_ARGUMENT with `param` naming the field as HTTP does */
export function resolveRepetition(
  params: RepetitionDetectionParams | null | undefined,
  minTokens: number,
): RepetitionDetection | undefined {
  if (params === null || params === undefined) return undefined;
  const name = "repetition_detection";
  checkArgument(typeof params === "object", () => `${name} must be an object, got ${JSON.stringify(params)}`, name);
  checkKeys(params, KNOWN, name);
  const { maxPatternSize = 0, minPatternSize = 0, minCount = 0 } = params;
  wholeFrom(`${name}.max_pattern_size`, maxPatternSize, 0, MAX_PATTERN_SIZE);
  wholeFrom(`${name}.min_pattern_size`, minPatternSize, 0, maxPatternSize);
  if (maxPatternSize === 0) return undefined;
  wholeFrom(`${name}.min_count`, minCount, 2, MAX_COUNT);
  return { maxPatternSize, minPatternSize: Math.max(minPatternSize, 1), minCount, minTokens };
}
