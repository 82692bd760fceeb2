// Turns ids into text one at a time, by the decoder of tokenizer.json. Two kinds of decoder cover nearly every language model
// and cost the same for each token; all others take the general way.
import { ByteLevelStream, ByteLevelVocabulary, isByteLevel } from "./byte-level.js";
import { PieceStream, PieceVocabulary, pieceRules } from "./piece-stream.js";
import type { TextStream, TokenSource } from "./text-stream.js";
import type { DecoderConfig } from "./tokenizer-files.js";
import { WindowStream } from "./window-stream.js";

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
