// Logprobs as OpenAI's chat completions show them: a list of tokens.
import { finite, type ScoredToken } from "../../generation/scored-token.js";

interface Shown {
  readonly token: string;
  readonly logprob: number | null;
}

/** Says the same of a choice's tokens however they come in pieces. */
export function chatLogprobs(): (tokens: readonly ScoredToken[]) => object {
  return (scored) => ({
    content: scored.map((one) => ({ ...toShown(one), top_logprobs: (one.top ?? []).map(toShown) })),
    refusal: null,
  });
}

function toShown({ token, logprob }: Shown) {
  return { token, logprob: finite(logprob ?? 0), bytes: [...Buffer.from(token)] };
}
