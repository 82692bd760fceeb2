// Logprobs as OpenAI's chat completions show them: a list of tokens.
import type { SpelledToken, TokenView } from "../../fields/token-view.js";
import { finite, type ScoredToken } from "../../generation/scored-token.js";

/** Says the same of a choice's tokens however they come in pieces. */
export function chatLogprobs(view: TokenView): (tokens: readonly ScoredToken[]) => object {
  const toShown = (shown: SpelledToken & { readonly logprob: number | null }) => {
    return { token: view.spell(shown), logprob: finite(shown.logprob ?? 0), bytes: view.bytesOf(shown) };
  };
  return (scored) => ({
    content: scored.map((one) => ({ ...toShown(one), top_logprobs: (one.top ?? []).map(toShown) })),
    refusal: null,
  });
}
