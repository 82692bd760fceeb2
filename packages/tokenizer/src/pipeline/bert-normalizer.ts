// BERT's cleaning of text (tokenizers' normalizers/bert.rs).

import { CONTROLS, NONSPACING_MARKS } from "./older-unicode.js";

/** The fields of a BertNormalizer in tokenizer.json. */
export interface BertNormalizerConfig {
  readonly clean_text?: boolean;
  readonly handle_chinese_chars?: boolean;
  /** Absent or null: as `lowercase`. */
  readonly strip_accents?: boolean | null;
  readonly lowercase?: boolean;
}

const WHITESPACE = /\p{White_Space}/gu;
/** The blocks of CJK ideographs, not all of the script. */
const IDEOGRAPHS =
  /[\u{4E00}-\u{9FFF}\u{3400}-\u{4DBF}\u{20000}-\u{2A6DF}\u{2A700}-\u{2B73F}\u{2B740}-\u{2B81F}\u{2B920}-\u{2CEAF}\u{F900}-\u{FAFF}\u{2F800}-\u{2FA1F}]/gu;

export function bertNormalizer(config: BertNormalizerConfig): (text: string) => string {
  const { clean_text: cleans = true, handle_chinese_chars: separates = true, lowercase = true } = config;
  const strips = config.strip_accents ?? lowercase;
  return (text) => {
    let result = text;
    if (cleans) result = result.replace(CONTROLS, "").replace(WHITESPACE, " ");
    if (separates) result = result.replace(IDEOGRAPHS, " $& ");
    if (strips) result = result.normalize("NFD").replace(NONSPACING_MARKS, "");
    return lowercase ? lowercased(result) : result;
  };
}

/** Character by character as Rust does it: a sigma at a word's end is no special case. */
export function lowercased(text: string): string {
  return text.replaceAll("Σ", "σ").toLowerCase();
}
