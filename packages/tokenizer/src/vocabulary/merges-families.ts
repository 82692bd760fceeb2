// What vocab.json and merges.txt do not say: how the tokenizer's class cuts text, and the special tokens it takes when none are named.
import { PRE_TOKENIZERS, type PreTokenizer } from "../gguf/pre-tokenizers.js";
import type { TokenizerConfig } from "../tokenizer-json.js";

export interface MergesFamily {
  /** Default: as GPT-2. */
  readonly cut?: PreTokenizer;
  /** Named where the configuration does not. */
  readonly tokens?: TokenizerConfig;
  /** Texts stand between CLS and SEP. */
  readonly encloses?: boolean;
  /** Texts begin with BOS where the configuration does not say. */
  readonly addsBos?: boolean;
}

const ROBERTA: MergesFamily = {
  tokens: {
    bos_token: "<s>",
    eos_token: "</s>",
    cls_token: "<s>",
    sep_token: "</s>",
    unk_token: "<unk>",
    pad_token: "<pad>",
    mask_token: "<mask>",
  },
  encloses: true,
};

/** By how a class of transformers is called. */
const FAMILIES: readonly (readonly [RegExp, MergesFamily])[] = [
  [/^Roberta/, ROBERTA],
  [/^Qwen2/, { cut: PRE_TOKENIZERS.get("qwen2")! }],
  [/^(?:OPT|Blenderbot)/, { addsBos: true }],
];

/** @param config tokenizer_config.json */
export function mergesFamily(config: TokenizerConfig): MergesFamily {
  const name = String(config.tokenizer_class ?? "");
  return FAMILIES.find(([pattern]) => pattern.test(name))?.[1] ?? {};
}
