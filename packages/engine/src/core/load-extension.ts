// Loads a class from a module that the user names, into the thread that runs the engine.
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { checkArgument, OctavoError } from "@octavo/core";
import type { WorkerExtension } from "./worker-methods.js";

/**
 * @param specifier a package, or a file's path from the working directory on, such as "./extension.mjs"; "#Name" behind it takes
 * that export instead of the default one
 * @throws INVALID_ARGUMENT when there is no such module or class
 */
export async function loadExtension(specifier: string): Promise<WorkerExtension> {
  const [module = "", name = "default"] = specifier.split("#");
  const found = (await importFromHere(module)) as Record<string, unknown>;
  checkArgument(
    typeof found[name] === "function",
    `worker_extension_cls ${specifier}: ${module} exports ${Object.keys(found).join(", ") || "nothing"}, no class "${name}"`,
    "worker_extension_cls",
  );
  return found[name] as WorkerExtension;
}

async function importFromHere(module: string): Promise<unknown> {
  const isPath = /^\.{0,2}\//.test(module);
  try {
    const path = isPath ? resolve(module) : createRequire(join(process.cwd(), "noop.js")).resolve(module);
    return await import(pathToFileURL(path).href);
  } catch (cause) {
    const message = `worker_extension_cls: cannot load ${module}: ${(cause as Error).message}`;
    throw new OctavoError({ code: "INVALID_ARGUMENT", message, param: "worker_extension_cls", cause });
  }
}
