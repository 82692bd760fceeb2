// From what a user names as MODEL to a path that can be loaded.
import { type PullOptions, pull } from "./pull.js";
import { parseReference } from "./reference.js";

/**
 * The folder or GGUF file of a model: a path as it is, a model of a hub downloaded into the cache first.
 * @param model a path; or `[hf://|ms://]org/name[@REVISION][:QUANTIZATION]`, `org/name/file.gguf`
 * @throws HubError that says what to do; INVALID_ARGUMENT; the signal's reason
 */
export async function resolveModel(model: string, options: PullOptions = {}): Promise<string> {
  const reference = parseReference(model, options.env);
  return reference.kind === "local" ? reference.path : (await pull(reference, options)).path;
}
