// From what a user names as MODEL to what is here of it.
import { HubError } from "./hub-error.js";
import type { AskOptions } from "./listed-model.js";
import { type PeekedModel, peek } from "./peek.js";
import { type PullOptions, pull } from "./pull.js";
import { type HubReference, parseReference } from "./reference.js";

/**
 * The folder or GGUF file of a model: a path as it is, a model of a hub downloaded into the cache first.
 * @param model a path; or `[hf://|ms://]org/name[@REVISION][:QUANTIZATION]`, `org/name/file.gguf`
 * @throws HubError that says what to do; INVALID_ARGUMENT; the signal's reason
 */
export async function resolveModel(model: string, options: PullOptions = {}): Promise<string> {
  const reference = parseReference(model, options.env);
  if (reference.kind === "local") return reference.path;
  return (await orMistyped(model, reference, pull(reference, options))).path;
}

/**
 * As {@link resolveModel}, but a model of a hub is not downloaded: its config and headers are, until `dispose`.
 * @returns a path of this machine as it is; of a model of a hub its headers
 * @throws what {@link peek} throws
 */
export async function resolveHeaders(model: string, options: AskOptions = {}): Promise<string | PeekedModel> {
  const reference = parseReference(model, options.env);
  if (reference.kind === "local") return reference.path;
  return await orMistyped(model, reference, peek(reference, options));
}

/** A name that no hub has may be that of a file. */
async function orMistyped<T>(model: string, { id }: HubReference, found: Promise<T>): Promise<T> {
  try {
    return await found;
  } catch (error) {
    const mayBeMistyped = !model.includes("://") && error instanceof HubError && error.param === id;
    if (!mayBeMistyped || !["not_found", "offline"].includes(error.reason)) throw error;
    const message = `${error.message} Nor is there a file or folder ${model} here.`;
    throw new HubError(error.reason, message, { param: error.param, cause: error });
  }
}
