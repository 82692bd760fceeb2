// Bytes to a JSON object, with every way that can fail told as a 400.
import { badRequest } from "../errors/api-error.js";

export type JsonObject = Readonly<Record<string, unknown>>;

/** Deeper than any request of ours, shallow enough that recursive code downstream cannot run out of stack. */
const MAX_DEPTH = 256;

const decoder = new TextDecoder("utf-8", { fatal: true });

/** The object that `bytes` spell. @throws ApiError 400 for invalid UTF-8, malformed or too deep JSON, or another value */
export function parseJson(bytes: Uint8Array): JsonObject {
  if (bytes.byteLength === 0) throw badRequest("The request body is empty; send a JSON object.");
  checkDepth(bytes);
  const value = parse(decode(bytes));
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const found = value === null ? "null" : Array.isArray(value) ? "an array" : `a ${typeof value}`;
    throw badRequest(`The request body must be a JSON object, got ${found}.`);
  }
  return value as JsonObject;
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

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Counts brackets outside of strings. UTF-8 never hides an ASCII byte inside another character. */
function checkDepth(bytes: Uint8Array): void {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (quoted) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) quoted = false;
    } else if (byte === QUOTE) quoted = true;
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > MAX_DEPTH) throw badRequest(`The request body nests deeper than ${MAX_DEPTH} levels.`);
    } else if (byte === 0x7d || byte === 0x5d) depth--;
  }
}
