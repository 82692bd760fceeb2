// Custom logits processors from the modules that a user names.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { isAbsolute, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { OctavoError } from "@octavo/core";
import type { LogitsProcessor } from "./logits-processor.js";

/** @throws INVALID_ARGUMENT that names the module, what was found there and what it must export */
export function loadProcessors(named: readonly (string | LogitsProcessor)[]): Promise<LogitsProcessor[]> {
  return Promise.all(named.map((processor) => (typeof processor === "string" ? load(processor) : processor)));
}

async function load(specifier: string): Promise<LogitsProcessor> {
  const { module, name } = split(specifier);
  let found: Record<string, unknown>;
  try {
    found = await import(urlOf(module));
  } catch (cause) {
    throw refused(`the logits processor ${specifier} cannot be loaded: ${messageOf(cause)}`, cause);
  }
  const processor = found[name];
  if (typeof processor === "function") return processor as LogitsProcessor;
  const exported = Object.keys(found).join(", ") || "nothing";
  throw refused(
    `the logits processor ${specifier} must be a function (request) => function | null, exported as ${name}; the module exports ${exported}`,
  );
}

/** `module:name`; a colon that ends a drive letter or a URL's scheme is a part of the module. */
function split(specifier: string): { module: string; name: string } {
  const match = /^(.+):([A-Za-z_$][\w$]*)$/.exec(specifier);
  return match && !existsSync(specifier)
    ? { module: match[1]!, name: match[2]! }
    : { module: specifier, name: "default" };
}

/** A file where there is one, else a package as the user's working folder sees it. */
function urlOf(module: string): string {
  if (URL.canParse(module) && module.includes("://")) return module;
  const file = resolve(module);
  if (isAbsolute(module) || module.startsWith(".") || existsSync(file)) return pathToFileURL(file).href;
  return pathToFileURL(createRequire(resolve("package.json")).resolve(module)).href;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function refused(message: string, cause?: unknown): OctavoError {
  return new OctavoError({ code: "INVALID_ARGUMENT", message, param: "logits_processors", cause });
}
