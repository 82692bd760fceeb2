// A way to cut text (pre-tokenizers.ts) as tokenizer.json has it: patterns, then bytes.
import type { PreTokenizer } from "./pre-tokenizers.js";

/** @param cut default: as GPT-2 @param addPrefixSpace a text that does not begin with a space gets one */
export function byteLevelCut(
  cut: PreTokenizer | undefined,
  addPrefixSpace = false,
): { normalizer: object | null; pre_tokenizer: object } {
  const byteLevel = { type: "ByteLevel", add_prefix_space: addPrefixSpace, trim_offsets: true };
  if (cut === undefined) return { normalizer: null, pre_tokenizer: { ...byteLevel, use_regex: true } };
  const splits = cut.patterns.map((pattern) => ({
    type: "Split",
    pattern: { Regex: pattern },
    behavior: "Isolated",
    invert: false,
  }));
  return {
    normalizer: cut.normalizer ? { type: cut.normalizer } : null,
    pre_tokenizer: { type: "Sequence", pretokenizers: [...splits, { ...byteLevel, use_regex: false }] },
  };
}
