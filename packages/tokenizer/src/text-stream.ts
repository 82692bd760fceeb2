// Turns ids into text one at a time, by the decoder of tokenizer.json. Two kinds of decoder cover nearly every language model
// and cost the same for each token; all others take the general way.
import { ByteLevelStream, ByteLevelVocabulary, isByteLevel } from "./byte-level.js";
import { PieceStream, PieceVocabulary, pieceRules } from "./piece-stream.js";
import type { DecoderConfig } from "./tokenizer-files.js";
import { WindowStream } from "./window-stream.js";

/** Text of one sequence of ids. Joined, the results of `push` and `finish` are the text of the whole sequence. */
export interface TextStream {
  /** @returns text that later ids cannot change; "" for an id without a token */
  push(id: number): string;
  /** The rest; an incomplete character becomes U+FFFD. */
  finish(): string;
}

/** What a stream needs to know of the tokenizer. */
export interface TokenSource {
  readonly vocabSize: number;
  tokenOf(id: number): string | undefined;
  /** Added tokens stand for their own text. */
  isAdded(id: number): boolean;
  /** The text of a whole sequence of tokens, by the library: the general way. */
  decodeTokens(tokens: string[]): string;
}

/** @returns a function that starts streams; what they share is made once */
export function textStreams(decoder: DecoderConfig | null, source: TokenSource): () => TextStream {
  if (isByteLevel(decoder)) {
    const vocabulary = new ByteLevelVocabulary(source);
    return () => new ByteLevelStream(vocabulary);
  }
  const rules = pieceRules(decoder);
  if (rules) {
    const vocabulary = new PieceVocabulary(source, rules);
    return () => new PieceStream(vocabulary);
  }
  return () => new WindowStream(source);
}
