// Tokens with their logprobs, as replies show them; the first token of a prompt has none.
import type { PositionLogprobs, TokenLogprob } from "@octavo/engine";
import type { SpelledToken } from "../fields/token-view.js";

export interface ScoredToken extends SpelledToken {
  readonly logprob: number | null;
  readonly top: readonly TokenLogprob[] | null;
}

/** JSON has no infinity; vLLM's number for it. */
export function finite(logprob: number): number {
  return Math.max(logprob, -9999);
}

/** vLLM's `prompt_logprobs`: for each token of the prompt, token ids to what is known of them. */
export function toPromptLogprobs(positions: readonly (PositionLogprobs | null)[]) {
  return positions.map((position) => {
    if (position === null) return null;
    const entries = [...position.top, position].map(({ tokenId, token, logprob, rank }) => {
      return [tokenId, { logprob: finite(logprob), rank, decoded_token: token }] as const;
    });
    return Object.fromEntries(entries);
  });
}
