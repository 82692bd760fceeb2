// Reads a model folder's tokenizer files as the transformers library does, and says which file is missing or damaged.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { OctavoError } from "@octavo/core";
import { scanTokenizerJson } from "./bpe/scan-model.js";
import { withOlderFiles } from "./older-config.js";
import { readTemplates } from "./template-files.js";
import type { TokenizerConfig, TokenizerJson } from "./tokenizer-json.js";
import { readVocabularyFiles, VOCABULARY_FILES } from "./vocabulary-files.js";

const TOKENIZER_JSON = "tokenizer.json";
/** What a folder's tokenizer can be in, in the order in which they are looked for. */
export const TOKENIZER_FILES: readonly string[] = [TOKENIZER_JSON, ...VOCABULARY_FILES];

/** Whether a folder has a tokenizer; that it can be used shows when it is loaded. */
export function hasTokenizerFile(folder: string): boolean {
  return TOKENIZER_FILES.some((name) => existsSync(join(folder, name)));
}

/** How the small text begins that stands in for a file until `git lfs pull` fetches it. */
const LFS_POINTER = "version https://git-lfs.github.com/spec/";

export interface TokenizerFiles {
  readonly tokenizer: TokenizerJson;
  readonly config: TokenizerConfig;
  /** Chat templates by name; the usual one is "default". */
  readonly templates: ReadonlyMap<string, string>;
  /** The file that `tokenizer` was read from. */
  readonly file: string;
  /** The file that the templates stand in. */
  readonly templatesFile: string;
}

/** @throws CHECKPOINT with the file's path as `param` */
export async function readTokenizerFiles(folder: string): Promise<TokenizerFiles> {
  const path = join(folder, TOKENIZER_JSON);
  const text = await readOptional(path);
  const configPath = join(folder, "tokenizer_config.json");
  const config = await withOlderFiles(folder, (await readOptionalObject(configPath)) ?? {}, readOptionalObject);
  if (text === null) {
    const files = await readVocabularyFiles(folder, config);
    if (files === null) throw new OctavoError({ code: "CHECKPOINT", param: path, message: missing(path) });
    return { ...files, ...(await readTemplates(folder, configPath, files.config)) };
  }
  const tokenizer = scanTokenizerJson(text) ?? parseObject(path, text);
  if (typeof tokenizer.model !== "object" || tokenizer.model === null) {
    throw damaged(path, 'it has no "model"', "Take the file that the model's authors published.");
  }
  // The library wants every key, the format permits their absence.
  const absent = { normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null, added_tokens: [] };
  const templates = await readTemplates(folder, configPath, config);
  return { tokenizer: { ...absent, ...tokenizer } as unknown as TokenizerJson, config, file: path, ...templates };
}

function missing(path: string): string {
  return `the tokenizer needs ${path}, or one of ${VOCABULARY_FILES.join(", ")} beside it: there is none. Download the model's tokenizer files.`;
}

function parseObject(path: string, text: string): Record<string, unknown> {
  if (text.startsWith(LFS_POINTER)) {
    throw damaged(
      path,
      "it is a git-lfs pointer, the file itself was not downloaded",
      'Run "git lfs pull" in its folder.',
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw damaged(path, `it is not JSON (${(cause as Error).message})`, "Download it again.", cause);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw damaged(path, "it is not a JSON object", "Download it again.");
  }
  return value as Record<string, unknown>;
}

/** @returns null when there is no such file */
async function readOptionalObject(path: string): Promise<Record<string, unknown> | null> {
  const text = await readOptional(path);
  return text === null ? null : parseObject(path, text);
}

/** @returns null when there is no such file */
async function readOptional(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw damaged(path, `it cannot be read (${message})`, "It must be a file that this user may read.", cause);
  }
}

/** The error for a tokenizer file that cannot be used. */
export function damaged(path: string, found: string, advice: string, cause?: unknown): OctavoError {
  return new OctavoError({
    code: "CHECKPOINT",
    param: path,
    message: `cannot use ${path}: ${found}. ${advice}`,
    cause,
  });
}
