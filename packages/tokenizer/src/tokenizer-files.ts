// Reads a model folder's tokenizer files as the transformers library does, and says which file is missing or damaged.
import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { OctavoError } from "@octavo/core";
import { scanTokenizerJson } from "./bpe/scan-model.js";

/** How the small text begins that stands in for a file until `git lfs pull` fetches it. */
const LFS_POINTER = "version https://git-lfs.github.com/spec/";

/** A decoder in tokenizer.json, with the fields that Octavo reads. */
export interface DecoderConfig {
  readonly type?: string;
  readonly decoders?: readonly DecoderConfig[];
  readonly pattern?: { readonly String?: string };
  readonly content?: string;
  readonly start?: number;
  readonly stop?: number;
  readonly replacement?: string;
  readonly prepend_scheme?: string;
}

export interface AddedTokenConfig {
  readonly id: number;
  readonly content: string;
  readonly special?: boolean;
  readonly normalized?: boolean;
}

/** tokenizer.json, with the fields that Octavo reads; the library reads the rest. */
export interface TokenizerJson {
  readonly model: { readonly vocab: Readonly<Record<string, number>> | readonly (readonly [string, number])[] };
  readonly added_tokens: readonly AddedTokenConfig[];
  readonly decoder: DecoderConfig | null;
  readonly post_processor: unknown;
}

/** tokenizer_config.json */
export type TokenizerConfig = Readonly<Record<string, unknown>>;

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
  const path = join(folder, "tokenizer.json");
  const text = await readOptional(path);
  if (text === null) throw new OctavoError({ code: "CHECKPOINT", param: path, message: await missing(folder, path) });
  const tokenizer = scanTokenizerJson(text) ?? parseObject(path, text);
  if (typeof tokenizer.model !== "object" || tokenizer.model === null) {
    throw damaged(path, 'it has no "model"', "Take the file that the model's authors published.");
  }
  const configPath = join(folder, "tokenizer_config.json");
  const configText = await readOptional(configPath);
  const config = configText === null ? {} : parseObject(configPath, configText);
  const templatePath = join(folder, "chat_template.jinja");
  const template = await readOptional(templatePath);
  const templates = template === null ? configTemplates(configPath, config) : new Map([["default", template]]);
  const templatesFile = template === null ? configPath : templatePath;
  // The library wants every key, the format permits their absence.
  const absent = { normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null, added_tokens: [] };
  return {
    tokenizer: { ...absent, ...tokenizer } as unknown as TokenizerJson,
    config,
    templates,
    file: path,
    templatesFile,
  };
}

function configTemplates(path: string, config: TokenizerConfig): Map<string, string> {
  const template = config.chat_template;
  if (template === undefined || template === null) return new Map();
  if (typeof template === "string") return new Map([["default", template]]);
  const templates = new Map<string, string>();
  for (const entry of Array.isArray(template) ? template : [template]) {
    const { name, template: source } = (entry ?? {}) as Record<string, unknown>;
    if (typeof name !== "string" || typeof source !== "string") {
      throw damaged(
        path,
        "its chat_template is neither a text nor a list of {name, template}",
        "Correct it, or put the template into chat_template.jinja.",
      );
    }
    templates.set(name, source);
  }
  return templates;
}

async function missing(folder: string, path: string): Promise<string> {
  const found = await access(join(folder, "tokenizer.model")).then(
    () => "only a SentencePiece tokenizer.model is there",
    () => "there is no such file",
  );
  return (
    `the tokenizer needs ${path}: ${found}. ` +
    "Download the model's tokenizer.json, or make one with transformers: AutoTokenizer.from_pretrained(folder).save_pretrained(folder)."
  );
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
