// `vocab.txt` alone: BERT's WordPiece, a token a line (transformers' BertConverter).
import { isUtf8 } from "node:buffer";
import { OctavoError } from "@octavo/core";
import type { TokenizerConfig, TokenizerJson } from "../tokenizer-json.js";

/** @param config tokenizer_config.json: do_lower_case, strip_accents, tokenize_chinese_chars, names of special tokens */
export function readWordTokenizer(
  path: string,
  bytes: Buffer,
  config: TokenizerConfig,
): { tokenizer: TokenizerJson; config: TokenizerConfig } {
  const ids = readWords(path, bytes);
  const named = {
    unk_token: "[UNK]",
    sep_token: "[SEP]",
    pad_token: "[PAD]",
    cls_token: "[CLS]",
    mask_token: "[MASK]",
    ...config,
  };
  const idOf = (name: "unk_token" | "cls_token" | "sep_token"): [string, number] => {
    const wish = named[name] as string | { readonly content?: string };
    const token = typeof wish === "string" ? wish : String(wish?.content);
    const id = ids.get(token);
    if (id === undefined) throw damagedWords(path, `it lacks the token ${JSON.stringify(token)} (${name})`);
    return [token, id];
  };
  const special = Object.values(named).filter((token) => typeof token === "string" && ids.has(token)) as string[];
  const parts: TokenizerJson & Readonly<Record<string, unknown>> = {
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: config.tokenize_chinese_chars ?? true,
      strip_accents: config.strip_accents ?? null,
      lowercase: config.do_lower_case ?? true,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    model: {
      type: "WordPiece",
      vocab: Object.fromEntries(ids),
      unk_token: idOf("unk_token")[0],
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
    } as TokenizerJson["model"],
    added_tokens: [...new Set(special)].map((content) => ({
      id: ids.get(content)!,
      content,
      special: true,
      normalized: false,
    })),
    decoder: { type: "WordPiece", prefix: "##", cleanup: true } as TokenizerJson["decoder"],
    post_processor: { type: "BertProcessing", cls: idOf("cls_token"), sep: idOf("sep_token") },
  };
  return { tokenizer: parts, config: named };
}

function readWords(path: string, bytes: Buffer): Map<string, number> {
  if (!isUtf8(bytes)) throw damagedWords(path, "it is not UTF-8");
  const ids = new Map<string, number>();
  const lines = bytes.toString("utf8").split("\n");
  if (lines.at(-1) === "") lines.pop();
  for (const [id, line] of lines.entries()) {
    const token = line.replace(/\r$/, "");
    const twin = ids.get(token);
    if (twin !== undefined)
      throw damagedWords(path, `lines ${twin + 1} and ${id + 1} are both ${JSON.stringify(token)}`);
    ids.set(token, id);
  }
  return ids;
}

function damagedWords(path: string, found: string): OctavoError {
  const message = `cannot use ${path}: ${found}. Download it again.`;
  return new OctavoError({ code: "CHECKPOINT", param: path, message });
}
