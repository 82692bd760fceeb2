// What a user's module exports, loaded into the thread that runs the engine.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { isAbsolute, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { OctavoError } from "@octavo/core";

/**
 * @param specifier a package, or a file's path from the working directory on; `module:name` for another export than the default one
 * @param option that names it, as flags spell it
 * @param wanted what the export must be, for the error: "a class"
 * @throws INVALID_ARGUMENT when there is no such module, or no function or class of that name in it
 */
export async function loadExport(specifier: string, option: string, wanted: string): Promise<unknown> {
  const { module, name } = split(specifier);
  let found: Record<string, unknown>;
  try {
    found = await import(urlOf(module));
  } catch (cause) {
    throw refused(`${option} ${specifier} cannot be loaded: ${messageOf(cause)}`, option, cause);
  }
  if (typeof found[name] === "function") return found[name];
  const exported = Object.keys(found).join(", ") || "nothing";
  throw refused(
    `${option} ${specifier} must be ${wanted}, exported as ${name}; the module exports ${exported}`,
    option,
  );
}

/** A colon that ends a drive letter or a URL's scheme is a part of the module. */
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

function refused(message: string, param: string, cause?: unknown): OctavoError {
  return new OctavoError({ code: "INVALID_ARGUMENT", message, param, cause });
}
