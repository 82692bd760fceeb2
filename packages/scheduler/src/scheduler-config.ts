// The scheduler's limits, under vLLM's names.
import { checkArgument } from "@octavo/core";

/** The limits of a scheduler. */
export interface SchedulerConfig {
  /** Requests that run at once: rows of the device tables. */
  readonly maxNumSeqs: number;
  /** Tokens of all requests in one step. */
  readonly maxNumBatchedTokens: number;
  /** Prompt and output tokens of one request. */
  readonly maxModelLen: number;
  /** Unfinished requests, running or waiting; more are refused with QUEUE_FULL. Default: no limit. */
  readonly maxNumQueuedReqs?: number;
  /** Tokens of one request in one step, so that long prompts leave room for others. 0, the default: no limit. */
  readonly longPrefillTokenThreshold?: number;
  /**
   * Row counts, ascending, to which steps are padded in which each request has one token and samples, for devices that replay
   * captured graphs. A step of more rows than the last stays as it is. Default: none.
   */
  readonly decodeBuckets?: readonly number[];
  /** Of the model. Default 0: plans have no room for records, so no request may edit its logits. */
  readonly vocabSize?: number;
}

/** Fills in the defaults. @throws INVALID_ARGUMENT that names the field */
export function resolveConfig(config: SchedulerConfig): Required<SchedulerConfig> {
  const { maxNumQueuedReqs = Number.POSITIVE_INFINITY, longPrefillTokenThreshold = 0 } = config;
  const { decodeBuckets = [], vocabSize = 0 } = config;
  const { maxNumSeqs, maxNumBatchedTokens, maxModelLen } = config;
  for (const [name, value] of Object.entries({ maxNumSeqs, maxNumBatchedTokens, maxModelLen })) {
    checkCount(name, value, 1);
  }
  if (maxNumQueuedReqs !== Number.POSITIVE_INFINITY) checkCount("maxNumQueuedReqs", maxNumQueuedReqs, 1);
  checkCount("longPrefillTokenThreshold", longPrefillTokenThreshold, 0);
  checkCount("vocabSize", vocabSize, 0);
  for (const [i, bucket] of decodeBuckets.entries()) {
    checkCount("decodeBuckets", bucket, 1 + (decodeBuckets[i - 1] ?? 0));
    const most = Math.min(maxNumSeqs, maxNumBatchedTokens);
    checkArgument(bucket <= most, `a decode bucket is ${bucket}, a step has at most ${most} rows`, "decodeBuckets");
  }
  const limits = { maxNumSeqs, maxNumBatchedTokens, maxModelLen, maxNumQueuedReqs, longPrefillTokenThreshold };
  return { ...limits, decodeBuckets, vocabSize };
}

function checkCount(name: string, value: number, minimum: number): void {
  const fits = Number.isSafeInteger(value) && value >= minimum;
  checkArgument(fits, `${name} is ${value}, it must be a whole number of ${minimum} or more`, name);
}
