// Logprobs records of protocol/outputs.ts as the objects that users see.
import type { PositionLogprobs, TokenLogprob } from "../engine.js";
import type { TokenTexts } from "../token-texts.js";
import { LOGPROBS_HEADER_WORDS, LogprobsOf } from "./outputs.js";

/** The record that begins at `start`. */
export function decodeLogprobs(words: Int32Array, start: number, texts: TokenTexts): PositionLogprobs {
  const floats = new Float32Array(words.buffer, words.byteOffset, words.length);
  const entry = (index: number, rank: number): TokenLogprob => {
    const at = start + LOGPROBS_HEADER_WORDS + 2 * index;
    const tokenId = words[at]!;
    const bytes = texts.bytesOf(tokenId);
    return { tokenId, token: texts.of(tokenId), logprob: floats[at + 1]!, rank, ...(bytes && { bytes }) };
  };
  const entries = words[start + 3]!;
  const ranks = start + LOGPROBS_HEADER_WORDS + 2 * entries;
  const isNamed = words[start + 1] === LogprobsOf.named;
  return {
    ...entry(0, words[start + 2]!),
    top: Array.from({ length: entries - 1 }, (_, i) => entry(i + 1, isNamed ? words[ranks + i]! : i + 1)),
  };
}
