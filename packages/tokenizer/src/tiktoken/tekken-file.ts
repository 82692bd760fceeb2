// tekken.json, Mistral's own tokenizer file (mistral-common's tekken.py): tiktoken's ranks behind special tokens, a pattern and a version.
import { OctavoError } from "@octavo/core";
import type { AddedTokenConfig } from "../tokenizer-json.js";
import { RankTable } from "./rank-table.js";

export interface TekkenFile {
  /** By rank, as Latin-1 texts. */
  readonly ranks: readonly string[];
  /** With the lowest ids, before the ranks. */
  readonly specialTokens: readonly AddedTokenConfig[];
  readonly pattern: string;
  /** Of the file's instruct format, as "v3". */
  readonly version: string;
}

/** Special tokens of files that do not list theirs, those of version 3. */
const FIRST_TOKENS = (
  "<unk> <s> </s> [INST] [/INST] [AVAILABLE_TOOLS] [/AVAILABLE_TOOLS] [TOOL_RESULTS] [/TOOL_RESULTS] [TOOL_CALLS] [IMG] <pad> " +
  "[IMG_BREAK] [IMG_END] [PREFIX] [MIDDLE] [SUFFIX] [SYSTEM_PROMPT] [/SYSTEM_PROMPT] [TOOL_CONTENT]"
).split(" ");

interface Entry {
  readonly rank?: unknown;
  readonly token_bytes?: unknown;
  readonly token_str?: unknown;
}

/** @throws CHECKPOINT that names the file and the field */
export function readTekken(path: string, bytes: Uint8Array): TekkenFile {
  const file = new Fields(path, parse(path, bytes));
  const numSpecial = file.count("config.default_num_special_tokens", 100_000);
  const numRanks = file.count("config.default_vocab_size", 4_000_000) - numSpecial;
  const vocab = file.list("vocab");
  if (vocab.length < numRanks) file.fail("vocab", `at least ${numRanks} tokens`);
  const table = new RankTable(path);
  // A file has more tokens than a model uses.
  for (const [i, { rank, token_bytes: token }] of vocab.slice(0, numRanks).entries()) {
    if (rank !== i) file.fail(`vocab[${i}].rank`, `${i}`);
    table.add(i, typeof token === "string" ? token : file.fail(`vocab[${i}].token_bytes`, "a text"), `vocab[${i}]`);
  }
  return {
    ranks: table.finish("vocab"),
    specialTokens: specialTokens(file, numSpecial),
    pattern: file.text("config.pattern"),
    version: file.text("config.version"),
  };
}

/** Those that the file names; the others are numbered. */
function specialTokens(file: Fields, count: number): AddedTokenConfig[] {
  const known = file.has("special_tokens") ? namedTokens(file, count) : FIRST_TOKENS;
  return Array.from({ length: count }, (_, id) => {
    return { id, content: known[id] ?? `<SPECIAL_${id}>`, special: true, normalized: false };
  });
}

/** By id. */
function namedTokens(file: Fields, count: number): readonly string[] {
  const names: string[] = [];
  for (const [i, { rank, token_str: name }] of file.list("special_tokens").entries()) {
    const isId = Number.isInteger(rank) && (rank as number) >= 0 && (rank as number) < count;
    if (!isId) file.fail(`special_tokens[${i}].rank`, `a whole number below ${count}`);
    names[rank as number] = typeof name === "string" ? name : file.fail(`special_tokens[${i}].token_str`, "a text");
  }
  return names;
}

function parse(path: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"));
  } catch (cause) {
    const message = `cannot use ${path}: it is not JSON (${(cause as Error).message}). Download it again.`;
    throw new OctavoError({ code: "CHECKPOINT", param: path, message, cause });
  }
}

/** Untrusted fields, by path. */
class Fields {
  readonly #path: string;
  readonly #root: unknown;

  constructor(path: string, root: unknown) {
    this.#path = path;
    this.#root = root;
  }

  has(field: string): boolean {
    return (this.#at(field) ?? null) !== null;
  }

  text(field: string): string {
    const value = this.#at(field);
    return typeof value === "string" ? value : this.fail(field, "a text");
  }

  count(field: string, most: number): number {
    const value = this.#at(field);
    const isCount = Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most;
    return isCount ? (value as number) : this.fail(field, `a whole number up to ${most}`);
  }

  list(field: string): readonly Entry[] {
    const value = this.#at(field);
    const isList = Array.isArray(value) && value.every((entry) => typeof entry === "object" && entry !== null);
    return isList ? value : this.fail(field, "a list of objects");
  }

  fail(field: string, expected: string): never {
    const message = `cannot use ${this.#path}: ${field} must be ${expected}. Download it again.`;
    throw new OctavoError({ code: "CHECKPOINT", param: this.#path, message });
  }

  #at(field: string): unknown {
    return field
      .split(".")
      .reduce<unknown>((value, key) => (value as Record<string, unknown> | null)?.[key], this.#root);
  }
}
