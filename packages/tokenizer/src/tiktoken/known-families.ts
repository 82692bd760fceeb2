// What a rank file does not say: how its family cuts text, and which special tokens follow the ranks. Known by the number of ranks.
import { PRE_TOKENIZERS } from "../gguf/pre-tokenizers.js";

export interface TiktokenFamily {
  /** The pattern that cuts text into words. */
  readonly pattern: string;
  /** By id, from the first one after the ranks. */
  readonly specialTokens: readonly string[];
  readonly bosToken?: string;
  readonly eosToken?: string;
}

const numbered = (prefix: string, from: number, to: number, suffix = "|>"): string[] =>
  Array.from({ length: to - from }, (_, i) => `${prefix}${from + i}${suffix}`);

const LLAMA3 = PRE_TOKENIZERS.get("llama3")!.patterns[0]!;
const QWEN = PRE_TOKENIZERS.get("qwen2")!.patterns[0]!;
const KIMI = PRE_TOKENIZERS.get("kimi-k2")!.patterns[0]!;

/** Llama 3.1's names (llama_models, tokenizer.py); those of 3.0 for the same ids are reserved ones. */
const LLAMA3_TOKENS = [
  "<|begin_of_text|>",
  "<|end_of_text|>",
  "<|reserved_special_token_0|>",
  "<|reserved_special_token_1|>",
  "<|finetune_right_pad_id|>",
  "<|reserved_special_token_2|>",
  "<|start_header_id|>",
  "<|end_header_id|>",
  "<|eom_id|>",
  "<|eot_id|>",
  "<|python_tag|>",
  ...numbered("<|reserved_special_token_", 3, 248),
];

/** Qwen 1 (tokenization_qwen.py). */
const QWEN_TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", ...numbered("<|extra_", 0, 205)];

const FAMILIES: ReadonlyMap<number, TiktokenFamily> = new Map([
  [
    128_000,
    { pattern: LLAMA3, specialTokens: LLAMA3_TOKENS, bosToken: "<|begin_of_text|>", eosToken: "<|end_of_text|>" },
  ],
  // Kimi K2, whose configuration lists its special tokens.
  [163_584, { pattern: KIMI, specialTokens: numbered("<|reserved_token_", 163_584, 163_840), eosToken: "[EOS]" }],
  [151_643, { pattern: QWEN, specialTokens: QWEN_TOKENS, eosToken: "<|endoftext|>" }],
]);

/** Of an unknown number of ranks: transformers' default, without special tokens. */
export function tiktokenFamily(ranks: number): TiktokenFamily {
  return FAMILIES.get(ranks) ?? { pattern: LLAMA3, specialTokens: [] };
}
