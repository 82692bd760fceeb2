// The scheduler's limits, under vLLM's names.
import { checkArgument } from "@octavo/core";

export interface SchedulerConfig {
  /** Requests that run at once: rows of the device tables. */
  readonly maxNumSeqs: number;
  /** Tokens of all requests in one step. */
  readonly maxNumBatchedTokens: number;
  /** Prompt and output tokens of one request. */
  readonly maxModelLen: number;
  /** Requests that may wait; more are refused with QUEUE_FULL. Default: no limit. */
  readonly maxNumQueuedReqs?: number;
  /** Tokens of one request in one step, so that long prompts leave room for others. 0, the default: no limit. */
  readonly longPrefillTokenThreshold?: number;
}

/** Fills in the defaults. @throws INVALID_ARGUMENT that names the field */
export function resolveConfig(config: SchedulerConfig): Required<SchedulerConfig> {
  const { maxNumQueuedReqs = Number.POSITIVE_INFINITY, longPrefillTokenThreshold = 0 } = config;
  const { maxNumSeqs, maxNumBatchedTokens, maxModelLen } = config;
  for (const [name, value] of Object.entries({ maxNumSeqs, maxNumBatchedTokens, maxModelLen })) {
    checkArgument(Number.isSafeInteger(value) && value >= 1, `${name} is ${value}, it must be 1 or more`, name);
  }
  for (const [name, value] of Object.entries({ maxNumQueuedReqs, longPrefillTokenThreshold })) {
    checkArgument(value >= 0, `${name} is ${value}, it must be 0 or more`, name);
  }
  return { maxNumSeqs, maxNumBatchedTokens, maxModelLen, maxNumQueuedReqs, longPrefillTokenThreshold };
}
