// Tokens with their logprobs, as replies show them; the first token of a prompt has none.
import type { PositionLogprobs, TokenLogprob } from "@octavo/engine";
import type { SpelledToken } from "../fields/token-view.js";
import { joined } from "../json/json-pieces.js";

export interface ScoredToken extends SpelledToken {
  readonly logprob: number | null;
  readonly top: readonly TokenLogprob[] | null;
}

/** JSON of a logprob. There is no infinity in it: -9999 is vLLM's number for an impossible token. */
export function logprobJson(logprob: number | null): string {
  if (logprob === null || Number.isNaN(logprob) || logprob === Number.POSITIVE_INFINITY) return "null";
  return String(Math.max(logprob, -9999));
}

/** JSON of vLLM's `prompt_logprobs`: for each token of the prompt, token ids to what is known of them, its own first. */
export function promptLogprobsJson(positions: readonly (PositionLogprobs | null)[]): Iterable<string> {
  const tokens = positions.map((position) => (position ? joined("{", byId(position), "}") : "null"));
  return joined("[", tokens, "]");
}

function* byId(position: PositionLogprobs): Generator<string> {
  yield entry(position);
  for (const one of position.top) if (one.tokenId !== position.tokenId) yield entry(one);
}

function entry({ tokenId, token, logprob, rank }: TokenLogprob): string {
  return `"${tokenId}":{"logprob":${logprobJson(logprob)},"rank":${rank},"decoded_token":${JSON.stringify(token)}}`;
}
