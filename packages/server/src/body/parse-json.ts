// Bytes to a JSON object, with every way that can fail told as a 400.
import { badRequest } from "../errors/api-error.js";
import { checkSize, type TokenIdField } from "./check-size.js";
import { exactInteger } from "./exact-integer.js";

export type JsonObject = Readonly<Record<string, unknown>>;

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * The object that `bytes` spell; its `seed` is a bigint where a number cannot hold it.
 * @param ids the field that may be a long list of token ids
 * @throws ApiError 400 for invalid UTF-8, malformed JSON, too deep or too many values, or another value than an object
 */
export function parseJson(bytes: Uint8Array, ids?: TokenIdField): JsonObject {
  if (bytes.byteLength === 0) throw badRequest("The request body is empty; send a JSON object.");
  checkSize(bytes, ids);
  const value = parse(decode(bytes));
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const found = value === null ? "null" : Array.isArray(value) ? "an array" : `a ${typeof value}`;
    throw badRequest(`The request body must be a JSON object, got ${found}.`);
  }
  return withExactSeed(value as JsonObject, bytes);
}

/** The one field that clients fill with all of 64 bits. */
function withExactSeed(body: JsonObject, bytes: Uint8Array): JsonObject {
  const { seed } = body;
  if (!Number.isInteger(seed) || Number.isSafeInteger(seed)) return body;
  return { ...body, seed: exactInteger(bytes, "seed") ?? seed };
}

function decode(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw badRequest("The request body is not valid UTF-8.");
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const literal = /"([^"\\]{1,64})"\s{0,8}:\s{0,8}\[?\s{0,8}(NaN|-?Infinity)/.exec(text);
    if (literal)
      throw badRequest(`\`${literal[1]}\` is ${literal[2]}, which JSON does not have; send a number.`, literal[1]);
    throw badRequest(`The request body is not valid JSON: ${(error as Error).message}`);
  }
}
