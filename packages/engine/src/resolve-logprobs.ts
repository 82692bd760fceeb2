// `logprobs` and `logprobTokenIds`: what is shown with each output token.
import { checkArgument } from "@octavo/core";
import { logprobCount, tokenIds } from "./param-checks.js";

/** As in `ResolvedSamplingParams`. */
export interface ResolvedLogprobs {
  readonly logprobs: number;
  readonly logprobTokenIds: readonly number[];
}

/** vLLM's limit. */
const MAX_LOGPROB_TOKEN_IDS = 128;

/** @throws INVALID_ARGUMENT with `param` naming the field as HTTP does */
export function resolveLogprobs(
  {
    logprobs,
    logprobTokenIds,
  }: { readonly logprobs?: number | null; readonly logprobTokenIds?: readonly number[] | null },
  maxLogprobs: number,
  vocabSize: number,
): ResolvedLogprobs {
  const ids = tokenIds("logprob_token_ids", logprobTokenIds ?? [], vocabSize);
  if (ids.length === 0) {
    return { logprobs: logprobCount("logprobs", logprobs, maxLogprobs, vocabSize), logprobTokenIds: ids };
  }
  checkArgument(
    ids.length <= MAX_LOGPROB_TOKEN_IDS,
    `logprob_token_ids has ${ids.length} tokens, at most ${MAX_LOGPROB_TOKEN_IDS} are possible`,
    "logprob_token_ids",
  );
  checkArgument(
    logprobs == null || logprobs === ids.length,
    `logprobs is ${logprobs}, but logprob_token_ids names the ${ids.length} tokens to show instead: leave logprobs out`,
    "logprob_token_ids",
  );
  return { logprobs: 0, logprobTokenIds: ids };
}
