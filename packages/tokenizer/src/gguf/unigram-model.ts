// `tokenizer.ggml.model` "t5": SentencePiece's unigrams. Of all ways to cut a text that with the best sum of scores is taken.

import { type GgufVocabulary, TokenKind } from "./gguf-vocabulary.js";
import { pieceDecoder, SPACE } from "./piece-model.js";
import type { TokenizerParts } from "./tokenizer-parts.js";

/** @throws CHECKPOINT without scores or an unknown token */
export function unigramModel(vocabulary: GgufVocabulary): TokenizerParts {
  const { tokens, kinds } = vocabulary;
  const [key, unknown] = ["tokenizer.ggml.scores", "tokenizer.ggml.unknown_token_id"];
  const scores = vocabulary.numbers(key, tokens.length) ?? vocabulary.fail(key, `a list of ${tokens.length} numbers`);
  const named = vocabulary.token(unknown) ?? tokens.find((_, id) => kinds[id] === TokenKind.unknown);
  const addsSpace = vocabulary.boolean("tokenizer.ggml.add_space_prefix", true);
  return {
    normalizer: { type: "Sequence", normalizers: normalizers(vocabulary, addsSpace) },
    pre_tokenizer: null,
    decoder: pieceDecoder(addsSpace),
    model: {
      type: "Unigram",
      unk_id: named === undefined ? vocabulary.fail(unknown, "a token id") : tokens.indexOf(named),
      byte_fallback: Array.prototype.includes.call(kinds, TokenKind.byte),
      vocab: tokens.map((token, id) => [token, scores[id]!]),
    },
    addsBos: false,
    addsEos: true,
  };
}

function normalizers(vocabulary: GgufVocabulary, addsSpace: boolean): object[] {
  const steps: object[] = [];
  const replace = (pattern: object, content: string) => steps.push({ type: "Replace", pattern, content });
  const charsmap = vocabulary.bytes("tokenizer.ggml.precompiled_charsmap");
  if (charsmap !== undefined && charsmap.length > 0) {
    steps.push({ type: "Precompiled", precompiled_charsmap: Buffer.from(charsmap).toString("base64") });
  }
  if (vocabulary.boolean("tokenizer.ggml.remove_extra_whitespaces", false)) {
    // Of the whole text: ^ and $ are of lines in tokenizer.json.
    replace({ Regex: "(?<![\\s\\S]) +| +(?![\\s\\S])" }, "");
    replace({ Regex: " {2,}" }, " ");
  }
  if (addsSpace) steps.push({ type: "Prepend", prepend: SPACE });
  replace({ String: " " }, SPACE);
  return steps;
}
