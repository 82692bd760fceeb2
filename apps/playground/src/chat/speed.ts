// How fast an answer came, as its reader saw it.

export interface Speed {
  /** Milliseconds from sending to the first text. */
  readonly firstToken: number;
  readonly tokens: number;
  /** Tokens in a second after the first; null for fewer than two. */
  readonly tokensPerSecond: number | null;
}

/** Times are milliseconds of one clock. */
export class SpeedMeter {
  readonly #sent: number;
  #first: number | null = null;
  #firstTokens = 0;
  #last = 0;
  #tokens = 0;

  constructor(sent: number) {
    this.#sent = sent;
  }

  /** @param tokens of the answer so far, this piece included; null: unknown, counted as one a piece */
  piece(now: number, tokens: number | null): void {
    this.#tokens = tokens ?? this.#tokens + 1;
    if (this.#first === null) {
      this.#first = now;
      this.#firstTokens = this.#tokens;
    }
    this.#last = now;
  }

  /** Null before the first piece. */
  result(): Speed | null {
    if (this.#first === null) return null;
    const later = this.#tokens - this.#firstTokens;
    const seconds = (this.#last - this.#first) / 1000;
    return {
      firstToken: this.#first - this.#sent,
      tokens: this.#tokens,
      tokensPerSecond: later > 0 && seconds > 0 ? later / seconds : null,
    };
  }
}

export function describeSpeed({ firstToken, tokens, tokensPerSecond }: Speed): string {
  const parts = [`${tokens} ${tokens === 1 ? "token" : "tokens"}`];
  if (tokensPerSecond !== null) {
    parts.push(`${tokensPerSecond < 10 ? tokensPerSecond.toFixed(1) : Math.round(tokensPerSecond)} tokens/s`);
  }
  parts.push(
    `first after ${firstToken < 1000 ? `${Math.round(firstToken)} ms` : `${(firstToken / 1000).toFixed(1)} s`}`,
  );
  return parts.join(" · ");
}
