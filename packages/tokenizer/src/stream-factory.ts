// Turns ids into text one at a time, by the decoder of tokenizer.json. Two kinds of decoder cover nearly every language model
// and cost the same for each token; all others take the general way.
import { ByteLevelStream, ByteLevelVocabulary, isByteLevel } from "./byte-level.js";
import { PieceStream, PieceVocabulary, pieceRules } from "./piece-stream.js";
import type { TextStreams, TokenSource } from "./text-stream.js";
import type { DecoderConfig } from "./tokenizer-json.js";
import { WindowStream } from "./window-stream.js";

/** What the streams share is made once. */
export function textStreams(decoder: DecoderConfig | null, source: TokenSource): TextStreams {
  if (isByteLevel(decoder)) {
    const vocabulary = new ByteLevelVocabulary(source);
    return {
      start: () => new ByteLevelStream(vocabulary),
      bytesOf: (id) => (vocabulary.textOf(id) === null ? vocabulary.bytesOf(id) : null),
    };
  }
  const rules = pieceRules(decoder);
  if (rules) {
    const vocabulary = new PieceVocabulary(source, rules);
    return { start: () => new PieceStream(vocabulary), bytesOf: (id) => vocabulary.bytesOf(id) };
  }
  return { start: () => new WindowStream(source), bytesOf: () => null };
}
