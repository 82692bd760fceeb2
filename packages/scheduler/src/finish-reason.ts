// Why a request ended, as numbers: they cross thread borders in flat arrays.

/** Codes of why a request ended. @enum */
export const FinishReason = {
  /** Not finished. */
  none: 0,
  /** It sampled one of its stop tokens. */
  stop: 1,
  /** It reached its `maxTokens` or the longest sequence there can be. */
  length: 2,
  /** It was aborted. The scheduler does not report this one: whoever aborts knows. */
  abort: 3,
  /** The device had no token to pick (NO_TOKEN): the logits are not finite. */
  error: 4,
  /** Its deadline passed. There is no token: NO_TOKEN is reported. */
  timeout: 5,
  /** Its output goes round in circles (`RequestSpec.repetition`). */
  repetition: 6,
} as const;

/** One of these codes. */
export type FinishReason = (typeof FinishReason)[keyof typeof FinishReason];
