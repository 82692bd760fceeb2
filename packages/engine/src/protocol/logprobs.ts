// Logprobs records of protocol/outputs.ts as the objects that users see.
import type { PositionLogprobs, TokenLogprob } from "../engine.js";
import type { TokenTexts } from "../token-texts.js";
import { LOGPROBS_HEADER_WORDS, LogprobsOf, logprobsRecordWords } from "./outputs.js";

/** The record that begins at `start`. Its alternatives, of which there may be a whole vocabulary, become objects when they are read. */
export function decodeLogprobs(words: Int32Array, start: number, texts: TokenTexts): PositionLogprobs {
  // A copy: what belongs to other requests must not stay with it.
  const record = words.slice(start, start + logprobsRecordWords(words, start));
  let top: TokenLogprob[] | undefined;
  return {
    ...entry(record, 0, record[2]!, texts),
    get top() {
      top ??= alternatives(record, texts);
      return top;
    },
  };
}

function alternatives(record: Int32Array, texts: TokenTexts): TokenLogprob[] {
  const entries = record[3]!;
  const ranks = LOGPROBS_HEADER_WORDS + 2 * entries;
  const isNamed = record[1] === LogprobsOf.named;
  return Array.from({ length: entries - 1 }, (_, i) =>
    entry(record, i + 1, isNamed ? record[ranks + i]! : i + 1, texts),
  );
}

function entry(record: Int32Array, index: number, rank: number, texts: TokenTexts): TokenLogprob {
  const at = LOGPROBS_HEADER_WORDS + 2 * index;
  const tokenId = record[at]!;
  const bytes = texts.bytesOf(tokenId);
  bits[0] = record[at + 1]!;
  return { tokenId, token: texts.of(tokenId), logprob: float[0]!, rank, ...(bytes && { bytes }) };
}

/** The bits of a float32, and the float32. */
const bits = new Int32Array(1);
const float = new Float32Array(bits.buffer);
