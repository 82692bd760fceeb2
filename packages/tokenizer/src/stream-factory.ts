// Turns ids into text one at a time, by the decoder of tokenizer.json. Two kinds of decoder cover nearly every language model
// and cost the same for each token; all others take the general way.
import { ByteLevelStream, ByteLevelVocabulary, isByteLevel } from "./byte-level.js";
import { PieceStream, PieceVocabulary, pieceRules } from "./piece-stream.js";
import type { TextStream, TextStreams, TokenSource } from "./text-stream.js";
import type { DecoderConfig } from "./tokenizer-json.js";
import { WindowStream } from "./window-stream.js";

/** What the streams share is made once. */
export function textStreams(decoder: DecoderConfig | null, source: TokenSource): TextStreams {
  if (isByteLevel(decoder)) {
    const vocabulary = new ByteLevelVocabulary(source);
    const start = () => new ByteLevelStream(vocabulary);
    return {
      start,
      decode: (ids) => streamed(start(), ids),
      bytesOf: (id) => (vocabulary.textOf(id) === null ? vocabulary.bytesOf(id) : null),
    };
  }
  const rules = pieceRules(decoder);
  if (rules) {
    const vocabulary = new PieceVocabulary(source, rules);
    const start = () => new PieceStream(vocabulary);
    return { start, decode: (ids) => streamed(start(), ids), bytesOf: (id) => vocabulary.bytesOf(id) };
  }
  return {
    start: () => new WindowStream(source),
    decode: (ids) => source.decodeTokens(ids.map((id) => source.tokenOf(id)).filter((token) => token !== undefined)),
    bytesOf: () => null,
  };
}

function streamed(stream: TextStream, ids: readonly number[]): string {
  let text = "";
  for (const id of ids) text += stream.push(id);
  return text + stream.finish();
}
