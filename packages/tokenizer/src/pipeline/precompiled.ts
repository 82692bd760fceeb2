// The "Precompiled" normalizer as Hugging Face's tokenizers applies it (normalizers/precompiled.rs): grapheme by grapheme, and with
// the first key that fits where SentencePiece takes the longest. Models with a tokenizer.json were converted for that way.
import type { Charsmap } from "./charsmap.js";

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** Graphemes of fewer bytes are looked up as a whole first. */
const MAX_GRAPHEME_BYTES = 6;

/** Between two ASCII characters there always is a border of graphemes, but for CR LF. So only the rest needs the segmenter. */
const NOT_PLAIN = /[\0-\x7f]?[^\0-\x7f]+|\r\n/g;

export function precompiled(map: Charsmap): (text: string) => string {
  const ascii = Array.from({ length: 128 }, (_, code) => replaced(map, String.fromCharCode(code)));
  const changing = new Set(ascii.flatMap((text, code) => (text === null ? [] : [code])));
  const plain = (text: string): string => {
    if (changing.size === 0) return text;
    let result = "";
    for (const char of text) result += ascii[char.charCodeAt(0)] ?? char;
    return result;
  };
  return (text) => {
    let result = "";
    let from = 0;
    for (const match of text.matchAll(NOT_PLAIN)) {
      result += plain(text.slice(from, match.index));
      for (const { segment } of graphemes.segment(match[0])) result += ofGrapheme(map, segment);
      from = match.index + match[0].length;
    }
    return result + plain(text.slice(from));
  };
}

function ofGrapheme(map: Charsmap, grapheme: string): string {
  const whole = Buffer.byteLength(grapheme) < MAX_GRAPHEME_BYTES ? replaced(map, grapheme) : null;
  if (whole !== null) return whole;
  let result = "";
  for (const char of grapheme) result += replaced(map, char) ?? char;
  return result;
}

function replaced(map: Charsmap, text: string): string | null {
  return map.shortest(Buffer.from(text, "utf8"), 0)?.replacement ?? null;
}
