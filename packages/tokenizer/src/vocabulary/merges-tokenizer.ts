// `vocab.json` and `merges.txt` alone: byte-level BPE (GPT-2, OPT, RoBERTa, Qwen2; transformers' GPT2Converter).
import { isUtf8 } from "node:buffer";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { OctavoError } from "@octavo/core";
import { byteLevelCut } from "../gguf/byte-level-cut.js";
import type { TokenizerConfig, TokenizerJson } from "../tokenizer-json.js";
import { type MergesFamily, mergesFamily } from "./merges-families.js";

/** @param folder has `merges.txt` @param config tokenizer_config.json */
export async function readMergesTokenizer(
  path: string,
  bytes: Buffer,
  config: TokenizerConfig,
  folder: string,
): Promise<{ tokenizer: TokenizerJson; config: TokenizerConfig }> {
  const vocab = readVocab(path, bytes);
  const mergesPath = join(folder, "merges.txt");
  const merges = readMerges(mergesPath, await readText(mergesPath), vocab);
  const family = mergesFamily(config);
  const named = {
    ...("<|endoftext|>" in vocab && {
      bos_token: "<|endoftext|>",
      eos_token: "<|endoftext|>",
      unk_token: "<|endoftext|>",
    }),
    ...family.tokens,
    ...config,
  };
  const text = (token: unknown): string | undefined =>
    typeof token === "object" && token !== null
      ? (token as { content?: string }).content
      : (token as string | undefined);
  const names = ["bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token"] as const;
  const special = names
    .map((name) => text((named as TokenizerConfig)[name]))
    .filter((token) => token !== undefined && Object.hasOwn(vocab, token));
  const parts: TokenizerJson & Readonly<Record<string, unknown>> = {
    ...byteLevelCut(family.cut, config.add_prefix_space === true),
    model: { type: "BPE", vocab, merges } as TokenizerJson["model"],
    added_tokens: [...new Set(special as string[])].map((content) => ({
      id: vocab[content]!,
      content,
      special: true,
      normalized: false,
    })),
    decoder: { type: "ByteLevel" },
    post_processor: postProcessor(family, named, vocab, text),
  };
  return { tokenizer: parts, config: named };
}

function postProcessor(
  family: MergesFamily,
  config: TokenizerConfig,
  vocab: Readonly<Record<string, number>>,
  text: (token: unknown) => string | undefined,
): object | null {
  const [cls, sep] = [config.cls_token, config.sep_token].map(text);
  const isToken = (name: string | undefined): name is string => name !== undefined && Object.hasOwn(vocab, name);
  if (family.encloses && isToken(cls) && isToken(sep)) {
    return {
      type: "RobertaProcessing",
      cls: [cls, vocab[cls]],
      sep: [sep, vocab[sep]],
      trim_offsets: true,
      add_prefix_space: false,
    };
  }
  const adds = typeof config.add_bos_token === "boolean" ? config.add_bos_token : family.addsBos === true;
  const bos = text(config.bos_token);
  if (!adds || !isToken(bos)) return null;
  return {
    type: "TemplateProcessing",
    single: [{ SpecialToken: { id: bos, type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
    special_tokens: { [bos]: { id: bos, ids: [vocab[bos]], tokens: [bos] } },
  };
}

function readVocab(path: string, bytes: Buffer): Record<string, number> {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString("utf8"));
  } catch (cause) {
    throw damagedFile(path, `it is not JSON (${(cause as Error).message})`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw damagedFile(path, "it is not a JSON object");
  const seen = new Map<number, string>();
  for (const [token, id] of Object.entries(value as Record<string, number>)) {
    if (!Number.isInteger(id) || id < 0 || id > 0xff_ffff)
      throw damagedFile(path, `${JSON.stringify(token)} has the id ${id}`);
    const twin = seen.get(id);
    if (twin !== undefined)
      throw damagedFile(path, `${JSON.stringify(twin)} and ${JSON.stringify(token)} both have the id ${id}`);
    seen.set(id, token);
  }
  return value as Record<string, number>;
}

async function readText(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw damagedFile(path, `vocab.json needs it, and it cannot be read (${(cause as Error).message})`);
  }
}

function readMerges(path: string, bytes: Buffer, vocab: Readonly<Record<string, number>>): [string, string][] {
  if (!isUtf8(bytes)) throw damagedFile(path, "it is not UTF-8");
  const merges: [string, string][] = [];
  for (const [index, line] of bytes.toString("utf8").split("\n").entries()) {
    const text = line.replace(/\r$/, "");
    if (text === "" || (index === 0 && text.startsWith("#version"))) continue;
    const parts = text.split(" ");
    const [left = "", right = ""] = parts;
    if (
      parts.length !== 2 ||
      !Object.hasOwn(vocab, left) ||
      !Object.hasOwn(vocab, right) ||
      !Object.hasOwn(vocab, left + right)
    ) {
      throw damagedFile(
        path,
        `line ${index + 1} (${JSON.stringify(text.slice(0, 80))}) is no pair of tokens that make a third`,
      );
    }
    merges.push([left, right]);
  }
  return merges;
}

function damagedFile(path: string, found: string): OctavoError {
  const message = `cannot use ${path}: ${found}. Download it again.`;
  return new OctavoError({ code: "CHECKPOINT", param: path, message });
}
