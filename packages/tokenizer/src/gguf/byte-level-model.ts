// `tokenizer.ggml.model` "gpt2": byte-level BPE, with its merges in the file.

import { byteLevelCut } from "./byte-level-cut.js";
import type { GgufVocabulary } from "./gguf-vocabulary.js";
import { PRE_TOKENIZERS } from "./pre-tokenizers.js";
import type { TokenizerParts } from "./tokenizer-parts.js";

const PRE = "tokenizer.ggml.pre";
const MERGES = "tokenizer.ggml.merges";

/** @throws UNSUPPORTED for an unknown way to cut text; CHECKPOINT for merges that are none */
export function byteLevelModel(vocabulary: GgufVocabulary): TokenizerParts {
  const name = vocabulary.text(PRE);
  if (name === undefined) {
    process.emitWarning(
      `${vocabulary.file} does not say how its tokenizer cuts text (${PRE}); tokens may differ from the model's own. Convert it again with a current llama.cpp.`,
      { code: "OCTAVO_GGUF_TOKENIZER" },
    );
  }
  const pre = PRE_TOKENIZERS.get(name ?? "default") ?? vocabulary.unsupported(PRE, [...PRE_TOKENIZERS.keys()]);
  return {
    ...byteLevelCut(pre),
    decoder: { type: "ByteLevel" },
    model: { type: "BPE", merges: readMerges(vocabulary), ignore_merges: pre.ignoreMerges ?? false },
    addsBos: pre.addBos ?? false,
  };
}

/** The file's merges, best first. @throws CHECKPOINT for what is none */
export function readMerges(vocabulary: GgufVocabulary): [string, string][] {
  if (!vocabulary.has(MERGES)) vocabulary.fail(MERGES, "a list of texts");
  return vocabulary.texts(MERGES).map((merge) => {
    // From 1, because a token may itself be a space.
    const space = merge.indexOf(" ", 1);
    return space < 0
      ? vocabulary.fail(MERGES, "pairs with a space between")
      : [merge.slice(0, space), merge.slice(space + 1)];
  });
}
