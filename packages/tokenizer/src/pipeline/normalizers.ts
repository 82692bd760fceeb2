// The normalizers of tokenizer.json. Each gives what Hugging Face's tokenizers (Rust) gives, checked for every character; the
// JavaScript library approximates several of them.
import { characterSpelling } from "../byte-level.js";
import { type PieceNormalizerConfig, pieceNormalizer } from "../sentencepiece/piece-normalizer.js";
import { type BertNormalizerConfig, bertNormalizer, lowercased } from "./bert-normalizer.js";
import { Charsmap } from "./charsmap.js";
import { MARKS } from "./older-unicode.js";
import { compilePattern, type PatternConfig, replaceMatches } from "./patterns.js";
import { precompiled } from "./precompiled.js";

/** @param atStart whether the text begins where the whole text begins */
export type Normalizer = (text: string, atStart: boolean) => string;

export interface NormalizerConfig extends BertNormalizerConfig {
  readonly type?: string;
  readonly normalizers?: readonly NormalizerConfig[];
  readonly strip_left?: boolean;
  readonly strip_right?: boolean;
  readonly pattern?: PatternConfig;
  readonly content?: string;
  readonly prepend?: string;
  readonly precompiled_charsmap?: string | null;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: it is these that go
const NMT_REMOVED = /[\x01-\x08\x0B\x0E-\x1F\x7F\x8F\x9F]/g;
const NMT_SPACES = /[\t\n\f\r\u1680\u200B-\u200F\u2028\u2029\u2581\uFEFF\uFFFD]/g;
const LEADING = /^\p{White_Space}+/u;
const TRAILING = /\p{White_Space}+$/u;

const MAKERS: ReadonlyMap<string, (config: NormalizerConfig, file: string) => Normalizer> = new Map([
  ["Sequence", sequence],
  ["BertNormalizer", bertNormalizer],
  ["NFC", () => (text: string) => text.normalize("NFC")],
  ["NFD", () => (text: string) => text.normalize("NFD")],
  ["NFKC", () => (text: string) => text.normalize("NFKC")],
  ["NFKD", () => (text: string) => text.normalize("NFKD")],
  ["Lowercase", () => lowercased],
  ["StripAccents", () => (text: string) => text.replace(MARKS, "")],
  ["Nmt", () => (text: string) => text.replace(NMT_REMOVED, "").replace(NMT_SPACES, " ")],
  ["Strip", strip],
  ["Replace", replace],
  [
    "Prepend",
    ({ prepend = "" }) =>
      (text: string) =>
        text === "" ? "" : prepend + text,
  ],
  ["ByteLevel", () => characterSpelling],
  ["Precompiled", ofCharsmap],
  ["SentencePiece", (config, file) => pieceNormalizer(config as unknown as PieceNormalizerConfig, file)],
]);

/** @throws Error for a kind that Octavo lacks */
export function createNormalizer(config: NormalizerConfig | null, file: string): Normalizer | null {
  if (config === null) return null;
  const make = MAKERS.get(config.type ?? "");
  if (!make) throw new Error(`its normalizer ${JSON.stringify(config.type)} is unknown`);
  return make(config, file);
}

function sequence({ normalizers = [] }: NormalizerConfig, file: string): Normalizer {
  const steps = normalizers.map((step) => createNormalizer(step, file)!);
  return (text, atStart) => steps.reduce((result, step) => step(result, atStart), text);
}

function strip({ strip_left: left = true, strip_right: right = true }: NormalizerConfig): Normalizer {
  return (text) => {
    const trimmed = left ? text.replace(LEADING, "") : text;
    return right ? trimEnd(trimmed) : trimmed;
  };
}

/** The pattern alone would try each run of spaces of the text. */
function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && TRAILING.test(text[end - 1]!)) end -= 1;
  return text.slice(0, end);
}

function replace({ pattern, content = "" }: NormalizerConfig): Normalizer {
  const compiled = compilePattern(pattern);
  return (text) => replaceMatches(text, compiled, content);
}

function ofCharsmap({ precompiled_charsmap: encoded }: NormalizerConfig, file: string): Normalizer {
  if (!encoded) return (text) => text;
  return precompiled(new Charsmap(Buffer.from(encoded, "base64"), file, "normalizer.precompiled_charsmap"));
}
