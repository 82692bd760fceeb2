// The "Precompiled" normalizer as Hugging Face's tokenizers applies it (normalizers/precompiled.rs): grapheme by grapheme, and with
// the first key that fits where SentencePiece takes the longest. Models with a tokenizer.json were converted for that way.
import type { Charsmap } from "./charsmap.js";

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** Graphemes of fewer bytes are looked up as a whole first. */
const MAX_GRAPHEME_BYTES = 6;

/** Replacements that are remembered; a text has a few hundred different characters. */
const MAX_KNOWN = 20_000;

/** Characters that belong to the grapheme before them: marks, joiners, Thai and Lao AM, narrow sound marks, skin tones, tags. */
const EXTENDING = "[\\p{M}\\u200C\\u200D\\u0E33\\u0EB3\\uFF9E\\uFF9F\\u{1F3FB}-\\u{1F3FF}\\u{E0020}-\\u{E007F}]";
const PREPENDED = "[\\u0600-\\u0605\\u06DD\\u070F\\u08E2\\u0D4E]";

/**
 * What may be one grapheme of several characters and few bytes: one with marks behind it, CR LF, a sign that joins what follows.
 * Everything else is looked up character by character: the segmenter's time grows with the square of a text's length.
 */
const CLUSTERS = new RegExp(`\\r\\n|${PREPENDED}+(?:\\r\\n|[\\s\\S])${EXTENDING}*|[\\s\\S]${EXTENDING}+`, "gu");

export function precompiled(map: Charsmap): (text: string) => string {
  const known = new Map<string, string>();
  const remembered = (part: string, replace: (part: string) => string): string => {
    const found = known.get(part);
    if (found !== undefined) return found;
    if (known.size >= MAX_KNOWN) known.clear();
    const fresh = replace(part);
    known.set(part, fresh);
    return fresh;
  };
  const ofCharacter = (char: string): string => replaced(map, char) ?? char;
  const ofCharacters = (text: string): string => {
    let result = "";
    for (const char of text) result += remembered(char, ofCharacter);
    return result;
  };
  const ofCluster = (cluster: string): string => {
    let result = "";
    for (const { segment } of graphemes.segment(cluster)) {
      const whole = Buffer.byteLength(segment) < MAX_GRAPHEME_BYTES ? replaced(map, segment) : null;
      result += whole ?? ofCharacters(segment);
    }
    return result;
  };
  return (text) => {
    let result = "";
    let from = 0;
    for (const { 0: cluster, index } of text.matchAll(CLUSTERS)) {
      result += ofCharacters(text.slice(from, index));
      const isLong = cluster.length >= 2 * MAX_GRAPHEME_BYTES;
      result += isLong ? ofCharacters(cluster) : remembered(cluster, ofCluster);
      from = index + cluster.length;
    }
    return result + ofCharacters(text.slice(from));
  };
}

function replaced(map: Charsmap, text: string): string | null {
  return map.shortest(Buffer.from(text, "utf8"), 0)?.replacement ?? null;
}
