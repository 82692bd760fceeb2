// What runs in the engine's thread of the user's own.
import { checkArgument } from "@octavo/core";
import type { EngineOptions } from "../engine-options.js";
import type { LogitsProcessor } from "../processors/logits-processor.js";
import { loadExport } from "./load-export.js";
import type { WorkerExtension } from "./worker-methods.js";

export interface UserModules {
  /** Custom logits processors. */
  readonly processors?: readonly LogitsProcessor[];
  /** Whose methods `collectiveRpc` calls, too. */
  readonly Extension?: WorkerExtension | undefined;
}

/** Loads what the options name. @throws INVALID_ARGUMENT that names the option, the module, and what was found there */
export async function loadUserModules({
  logitsProcessors = [],
  workerExtensionCls,
}: EngineOptions): Promise<UserModules> {
  const processors = await Promise.all(
    logitsProcessors.map((given) => (typeof given === "string" ? loadProcessor(given) : given)),
  );
  return {
    processors,
    ...(workerExtensionCls !== undefined && { Extension: await loadExtension(workerExtensionCls) }),
  };
}

async function loadExtension(specifier: string): Promise<WorkerExtension> {
  const option = "worker_extension_cls";
  const Extension = (await loadExport(specifier, option, "a class")) as WorkerExtension;
  // Arrow functions and methods have none.
  checkArgument(Extension.prototype, `${option} ${specifier} must be a class, it is a function`, option);
  return Extension;
}

async function loadProcessor(specifier: string): Promise<LogitsProcessor> {
  const wanted = "a function (request) => function | null";
  return (await loadExport(specifier, "logits_processors", wanted)) as LogitsProcessor;
}
