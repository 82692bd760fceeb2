// Logprobs as OpenAI's text completions show them: four lists side by side.
import type { TokenView } from "../../fields/token-view.js";
import { finite, type ScoredToken } from "../../generation/scored-token.js";

export interface CompletionLogprobs {
  readonly tokens: string[];
  /** Null for the first token of an echoed prompt. */
  readonly token_logprobs: (number | null)[];
  /** The token itself, then the most likely ones. Of several with one text the first stands. */
  readonly top_logprobs: (Record<string, number> | null)[];
  /** Characters (code points) of `tokens` before each. */
  readonly text_offset: number[];
}

/** Makes the lists of one choice's tokens, which come in pieces: offsets go on from one call to the next. */
export function completionLogprobs(view: TokenView): (tokens: readonly ScoredToken[]) => CompletionLogprobs {
  let offset = 0;
  return (scored) => {
    const lists: CompletionLogprobs = { tokens: [], token_logprobs: [], top_logprobs: [], text_offset: [] };
    for (const one of scored) {
      const token = view.spell(one);
      lists.tokens.push(token);
      lists.token_logprobs.push(one.logprob === null ? null : finite(one.logprob));
      lists.top_logprobs.push(byText(one, view));
      lists.text_offset.push(offset);
      for (const _ of token) offset++;
    }
    return lists;
  };
}

function byText(one: ScoredToken, view: TokenView): Record<string, number> | null {
  const { logprob, top } = one;
  if (logprob === null || top === null) return null;
  // No prototype: a token may spell `__proto__`.
  const result: Record<string, number> = Object.create(null);
  for (const entry of [{ ...one, logprob }, ...top]) result[view.spell(entry)] ??= finite(entry.logprob);
  return result;
}
