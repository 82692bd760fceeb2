// What turns ids into text one at a time; stream-factory.ts chooses among the implementations.

/** Text of one sequence of ids. Joined, the results of `push` and `finish` are the text of the whole sequence. */
export interface TextStream {
  /** @returns text that later ids cannot change; "" for an id without a token */
  push(id: number): string;
  /** The rest; an incomplete character becomes U+FFFD. */
  finish(): string;
}

/** Starts streams, and says what single tokens are. */
export interface TextStreams {
  start(): TextStream;
  /** The text of a whole sequence of ids. */
  decode(ids: readonly number[]): string;
  /** The UTF-8 bytes of a token, where it stands for bytes that need not be whole characters; null: its text says all. */
  bytesOf(id: number): Uint8Array | null;
}

/** What a stream needs to know of the tokenizer. */
export interface TokenSource {
  readonly vocabSize: number;
  tokenOf(id: number): string | undefined;
  /** Added tokens stand for their own text. */
  isAdded(id: number): boolean;
  /** The text of a whole sequence of tokens: the general way. */
  decodeTokens(tokens: readonly string[]): string;
}
