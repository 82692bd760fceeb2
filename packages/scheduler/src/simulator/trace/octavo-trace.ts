// Octavo's own trace format: one JSON object a line. docs/capacity-planning.md describes it.
import { checkArgument } from "@octavo/core";
import type { JsonLine } from "../json-lines.js";
import type { SharedTokens, TracedRequest } from "./traced-request.js";

const KEYS = ["arrival", "prompt_tokens", "prompt_token_ids", "output_tokens", "prefixes", "priority", "tenant"];

/** @throws INVALID_ARGUMENT that names line and field */
export function parseOctavoRequest({ value, where }: JsonLine): TracedRequest {
  for (const key of Object.keys(value)) {
    checkArgument(KEYS.includes(key), () => `${where}: there is no field ${key}; there are ${KEYS.join(", ")}`, key);
  }
  const { prompt_token_ids: ids, prefixes, priority, tenant } = value;
  const arrival = number(value.arrival, 0, "arrival", where);
  const outputTokens = whole(value.output_tokens, 1, "output_tokens", where);
  const promptTokenIds = ids === undefined ? undefined : tokenIds(ids, where);
  const promptTokens = promptTokenIds ? promptTokenIds.length : whole(value.prompt_tokens, 1, "prompt_tokens", where);
  return {
    arrival,
    promptTokens,
    outputTokens,
    ...(promptTokenIds && { promptTokenIds }),
    ...(prefixes !== undefined && { prefixes: sharedTokens(prefixes, where) }),
    ...(priority !== undefined && { priority: whole(priority, Number.MIN_SAFE_INTEGER, "priority", where) }),
    ...(tenant !== undefined && { tenant: String(tenant) }),
  };
}

/** The line that `parseOctavoRequest` reads. */
export function formatOctavoRequest(request: TracedRequest): string {
  const { arrival, promptTokens, outputTokens, promptTokenIds, ...rest } = request;
  const prompt = promptTokenIds ? { prompt_token_ids: Array.from(promptTokenIds) } : { prompt_tokens: promptTokens };
  return JSON.stringify({ arrival, ...prompt, output_tokens: outputTokens, ...rest });
}

function sharedTokens(value: unknown, where: string): SharedTokens[] {
  checkArgument(Array.isArray(value), `${where}: prefixes must be a list of {"id", "tokens"}`, "prefixes");
  return value.map((prefix: Record<string, unknown> | null) => {
    const id = prefix?.id;
    const named = typeof id === "string" || typeof id === "number";
    checkArgument(named, `${where}: a prefix has no id that is a string or a number`, "prefixes");
    return { id, tokens: whole(prefix?.tokens, 1, "tokens of a prefix", where) };
  });
}

function tokenIds(value: unknown, where: string): Int32Array {
  const fits = Array.isArray(value) && value.length > 0 && value.every((id) => Number.isInteger(id) && id >= 0);
  checkArgument(fits, `${where}: prompt_token_ids must be a list of token ids`, "prompt_token_ids");
  return Int32Array.from(value as number[]);
}

function whole(value: unknown, minimum: number, field: string, where: string): number {
  const found = number(value, minimum, field, where);
  checkArgument(Number.isSafeInteger(found), `${where}: ${field} is ${found}, a whole number was expected`, field);
  return found;
}

/** A number of `minimum` or more. @throws INVALID_ARGUMENT that names line and field */
export function number(value: unknown, minimum: number, field: string, where: string): number {
  const fits = typeof value === "number" && Number.isFinite(value) && value >= minimum;
  const message = () => `${where}: ${field} is ${JSON.stringify(value)}, a number of ${minimum} or more was expected`;
  checkArgument(fits, message, field);
  return value;
}
