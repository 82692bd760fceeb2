// Token probabilities as the page shows them, from OpenAI's `choices[].logprobs.content[]`.

export interface TokenProbability {
  readonly text: string;
  /** Natural logarithm. */
  readonly logprob: number;
  /** The likeliest tokens in its place, likeliest first, with their logarithms. */
  readonly top: readonly (readonly [text: string, logprob: number])[];
}

interface WireToken {
  readonly token?: unknown;
  readonly logprob?: unknown;
  readonly top_logprobs?: readonly WireToken[] | null;
}

/** Lenient: what is not of the expected shape is left out. */
export function toTokenProbabilities(logprobs: unknown): TokenProbability[] {
  const content = (logprobs as { content?: readonly WireToken[] | null } | null | undefined)?.content;
  if (!Array.isArray(content)) return [];
  return content.filter(isToken).map(({ token, logprob, top_logprobs: top }) => ({
    text: token,
    logprob,
    top: (Array.isArray(top) ? top : []).filter(isToken).map((other) => [other.token, other.logprob] as const),
  }));
}

function isToken(wire: WireToken | null): wire is WireToken & { token: string; logprob: number } {
  return typeof wire?.token === "string" && typeof wire.logprob === "number";
}

/** "97 %", "0.3 %", "< 0.1 %" */
export function percent(logprob: number): string {
  const share = Math.exp(logprob) * 100;
  if (share < 0.1) return "< 0.1 %";
  return `${share < 10 ? share.toFixed(1) : Math.round(share)} %`;
}

/** A token's text where blanks must be seen. */
export function visibleText(text: string): string {
  return text.replaceAll("\n", "↵").replaceAll("\t", "⇥").replaceAll(" ", "·") || "∅";
}
