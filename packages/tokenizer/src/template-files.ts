// Where a model folder keeps its chat templates. As in transformers, files of their own replace those of tokenizer_config.json.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { OctavoError } from "@octavo/core";

/** Chat templates by name, and the file or folder that has them. */
export interface TemplateFiles {
  /** The usual one is "default". */
  readonly templates: ReadonlyMap<string, string>;
  readonly templatesFile: string;
}

const USUAL = "chat_template.jinja";
const MORE = "additional_chat_templates";

/** @param configPath of tokenizer_config.json, whose content is `config` @throws CHECKPOINT that names the file */
export async function readTemplates(
  folder: string,
  configPath: string,
  config: Readonly<Record<string, unknown>>,
): Promise<TemplateFiles> {
  const templates = new Map<string, string>();
  const usual = await optional(join(folder, USUAL), (path) => readFile(path, "utf8"));
  if (usual !== null) templates.set("default", usual);
  const names = (await optional(join(folder, MORE), (path) => readdir(path))) ?? [];
  for (const name of names.filter((file) => file.endsWith(".jinja")).sort()) {
    const source = await optional(join(folder, MORE, name), (path) => readFile(path, "utf8"));
    if (source !== null) templates.set(name.slice(0, -".jinja".length), source);
  }
  if (templates.size === 0) return { templates: configTemplates(configPath, config), templatesFile: configPath };
  return { templates, templatesFile: join(folder, usual === null ? MORE : USUAL) };
}

function configTemplates(
  path: string,
  { chat_template: template }: Readonly<Record<string, unknown>>,
): Map<string, string> {
  if (template === undefined || template === null) return new Map();
  if (typeof template === "string") return new Map([["default", template]]);
  const templates = new Map<string, string>();
  for (const entry of Array.isArray(template) ? template : [template]) {
    const { name, template: source } = (entry ?? {}) as Record<string, unknown>;
    if (typeof name !== "string" || typeof source !== "string") {
      const found = "its chat_template is neither a text nor a list of {name, template}";
      throw unusable(path, found, "Correct it, or put the template into chat_template.jinja.");
    }
    templates.set(name, source);
  }
  return templates;
}

/** @returns null when there is no such file */
async function optional<T>(path: string, read: (path: string) => Promise<T>): Promise<T | null> {
  try {
    return await read(path);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw unusable(path, `it cannot be read (${message})`, "It must be one that this user may read.", cause);
  }
}

function unusable(path: string, found: string, advice: string, cause?: unknown): OctavoError {
  const message = `cannot use ${path}: ${found}. ${advice}`;
  return new OctavoError({ code: "CHECKPOINT", param: path, message, cause });
}
