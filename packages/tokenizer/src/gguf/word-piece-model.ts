// `tokenizer.ggml.model` "bert": WordPiece. The file marks tokens that begin a word, where vocab.txt marks those that go on.

import { type GgufVocabulary, TokenKind } from "./gguf-vocabulary.js";
import type { TokenizerParts } from "./tokenizer-parts.js";

const BEGINS_WORD = "\u2581";
const GOES_ON = "##";

/** Longer words are unknown, as to BERT. */
const MAX_WORD_CHARS = 100;

export function wordPieceModel(vocabulary: GgufVocabulary): TokenizerParts {
  const lowercase = vocabulary.boolean("tokenizer.ggml.normalizer.lowercase", true);
  const { tokens, kinds } = vocabulary;
  return {
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: vocabulary.boolean("tokenizer.ggml.normalizer.strip_accents", lowercase),
      lowercase,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    decoder: { type: "WordPiece", prefix: GOES_ON, cleanup: true } as TokenizerParts["decoder"],
    model: {
      type: "WordPiece",
      unk_token: vocabulary.token("tokenizer.ggml.unknown_token_id") ?? "[UNK]",
      continuing_subword_prefix: GOES_ON,
      max_input_chars_per_word: MAX_WORD_CHARS,
    },
    tokens: tokens.map((token, id) => {
      if (kinds[id] === TokenKind.control || kinds[id] === TokenKind.unknown) return token;
      return token.startsWith(BEGINS_WORD) ? token.slice(BEGINS_WORD.length) : `${GOES_ON}${token}`;
    }),
    addsBos: true,
    addsSep: true,
  };
}
