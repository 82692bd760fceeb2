// A small JSON body that may be missing.
import { type JsonObject, parseJson } from "./parse-json.js";
import { readBody } from "./read-body.js";

/** @throws ApiError 400 for what is no JSON object, 413 for a large one */
export async function readOptionalObject(request: Request, maxBytes = 2 ** 16): Promise<JsonObject> {
  const bytes = await readBody(request, maxBytes);
  return bytes.length === 0 ? {} : parseJson(bytes);
}
