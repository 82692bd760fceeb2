import type { ScoredToken } from "./scored-token.js";

/** Writes one choice's logprobs as JSON, of which there may be much; tokens that come in pieces are told of in order. */
export type LogprobsJson = (tokens: readonly ScoredToken[]) => Iterable<string>;
