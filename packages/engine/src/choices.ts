// `n` and `bestOf`: how many outputs are generated, and which of them are returned.
import { checkArgument } from "@octavo/core";
import type { PositionLogprobs } from "./engine.js";
import { wholeFrom } from "./param-checks.js";
import type { SamplingParams } from "./sampling-params.js";

export interface Choices {
  readonly n: number;
  readonly bestOf: number;
  /** Set where outputs are ranked by their logprobs: "silently" where the user did not ask for these. */
  readonly ranks: false | "openly" | "silently";
}

export const ONE_CHOICE: Choices = { n: 1, bestOf: 1, ranks: false };

/** vLLM's own limit. */
const MAX_N = 16384;

/** How many outputs `params` ask for: `n` of `bestOf`. @throws INVALID_ARGUMENT */
export function resolveChoices(params: Pick<SamplingParams, "n" | "bestOf" | "logprobs" | "logprobTokenIds">): Choices {
  const { n = 1, bestOf = n } = params;
  wholeFrom("n", n, 1, MAX_N);
  wholeFrom("best_of", bestOf, 1, MAX_N);
  checkArgument(bestOf >= n, `best_of must be at least n, which is ${n}, got ${bestOf}`, "best_of");
  if (bestOf === n) return { n, bestOf, ranks: false };
  return { n, bestOf, ranks: wantsLogprobs(params) ? "openly" : "silently" };
}

/** Whether outputs show logprobs, by which they can be ranked. */
export function wantsLogprobs({
  logprobs,
  logprobTokenIds,
}: Pick<SamplingParams, "logprobs" | "logprobTokenIds">): boolean {
  return logprobs != null || (logprobTokenIds?.length ?? 0) > 0;
}

/** The sum of an output's logprobs. */
export function cumulativeLogprob(logprobs: readonly Pick<PositionLogprobs, "logprob">[]): number {
  return logprobs.reduce((sum, { logprob }) => sum + logprob, 0);
}

/** The `n` of the highest cumulative logprob, best first; of equal ones the first. */
export function highestCumulative<Output extends { readonly cumulativeLogprob: number | null }>(
  outputs: readonly Output[],
  n: number,
): Output[] {
  const value = ({ cumulativeLogprob: sum }: Output) => sum ?? Number.NEGATIVE_INFINITY;
  return [...outputs].sort((a, b) => (value(a) === value(b) ? 0 : value(b) - value(a))).slice(0, n);
}
