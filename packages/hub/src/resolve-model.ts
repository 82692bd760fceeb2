// From what a user names as MODEL to a path that can be loaded.
import { HubError } from "./hub-error.js";
import { type PullOptions, pull } from "./pull.js";
import { parseReference } from "./reference.js";

/**
 * The folder or GGUF file of a model: a path as it is, a model of a hub downloaded into the cache first.
 * @param model a path; or `[hf://|ms://]org/name[@REVISION][:QUANTIZATION]`, `org/name/file.gguf`
 * @throws HubError that says what to do; INVALID_ARGUMENT; the signal's reason
 */
export async function resolveModel(model: string, options: PullOptions = {}): Promise<string> {
  const reference = parseReference(model, options.env);
  if (reference.kind === "local") return reference.path;
  try {
    return (await pull(reference, options)).path;
  } catch (error) {
    const mayBeMistyped = !model.includes("://") && error instanceof HubError && error.param === reference.id;
    if (!mayBeMistyped || !["not_found", "offline"].includes(error.reason)) throw error;
    const message = `${error.message} Nor is there a file or folder ${model} here.`;
    throw new HubError(error.reason, message, { param: error.param, cause: error });
  }
}
