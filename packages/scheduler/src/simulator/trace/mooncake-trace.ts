// Mooncake's trace format, as published with "Mooncake: A KVCache-centric Disaggregated Architecture for LLM Serving" (FAST 2025):
// {"timestamp": milliseconds, "input_length", "output_length", "hash_ids"}. A hash id stands for a block of the prompt together
// with all before it; equal ids are equal tokens. The last block may be shorter.
import { checkArgument } from "@octavo/core";
import type { JsonLine } from "../json-lines.js";
import { number } from "./octavo-trace.js";
import type { TracedRequest } from "./traced-request.js";

/** Tokens that a hash id of the published traces stands for. */
export const MOONCAKE_BLOCK_SIZE = 512;

export function isMooncake(value: Readonly<Record<string, unknown>>): boolean {
  return "input_length" in value && "timestamp" in value;
}

/** @throws INVALID_ARGUMENT that names line and field */
export function parseMooncakeRequest({ value, where }: JsonLine, blockSize: number): TracedRequest {
  const { hash_ids: ids = [] } = value;
  checkArgument(Array.isArray(ids), `${where}: hash_ids is no list`, "hash_ids");
  return {
    arrival: number(value.timestamp, 0, "timestamp", where) / 1000,
    promptTokens: Math.max(1, number(value.input_length, 0, "input_length", where)),
    outputTokens: Math.max(1, number(value.output_length, 0, "output_length", where)),
    prefixes: ids.map((id: string | number) => ({ id, tokens: blockSize })),
  };
}
