// A folder's WordPiece tokenizer as keys of a GGUF file: llama.cpp's converter marks the tokens that begin a word.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { GgufWriterValue } from "@octavo/core/testing";

const [NORMAL, CONTROL, UNUSED] = [1, 3, 5];
const NAMES = { unknown: "[UNK]", seperator: "[SEP]", padding: "[PAD]", cls: "[CLS]", mask: "[MASK]" };

/** @param vocabSize rows of the embedding table, which may have more than the tokenizer */
export function wordPieceKeys(folder: string, vocabSize: number): Record<string, GgufWriterValue> {
  const { model, added_tokens: added } = JSON.parse(readFileSync(join(folder, "tokenizer.json"), "utf8"));
  const ids: Record<string, number> = model.vocab;
  const special = new Set(added.map(({ content }: { content: string }) => content));
  const tokens = Object.keys(ids).sort((a, b) => ids[a]! - ids[b]!);
  const marked = tokens.map((token) => {
    if (special.has(token)) return token;
    return token.startsWith("##") ? token.slice(2) : `\u2581${token}`;
  });
  const kinds = Int32Array.from({ length: vocabSize }, (_, id) =>
    id >= tokens.length ? UNUSED : special.has(tokens[id]) ? CONTROL : NORMAL,
  );
  const padding = Array.from({ length: vocabSize - tokens.length }, (_, i) => `\u2581[PAD${tokens.length + i}]`);
  const named = Object.entries(NAMES).map(([name, token]) => [`tokenizer.ggml.${name}_token_id`, ids[token]!]);
  return {
    "tokenizer.ggml.model": "bert",
    "tokenizer.ggml.pre": "jina-v2-en",
    "tokenizer.ggml.tokens": [...marked, ...padding],
    "tokenizer.ggml.token_type": kinds,
    "tokenizer.ggml.token_type_count": 2,
    ...Object.fromEntries(named),
  };
}
