// What a request tells the custom logits processors.
import { checkArgument, OctavoError } from "@octavo/core";

/** Characters of JSON: they cross to the engine with each request. */
const MAX_LENGTH = 2 ** 16;

/** @returns their JSON; "" for none. @throws INVALID_ARGUMENT for what JSON cannot carry, and for too much of it */
export function resolveExtraArgs(extraArgs: Readonly<Record<string, unknown>> | null | undefined): string {
  if (extraArgs === null || extraArgs === undefined) return "";
  const isObject = typeof extraArgs === "object" && !Array.isArray(extraArgs);
  checkArgument(isObject, () => `vllm_xargs must be an object, got ${extraArgs}`, "vllm_xargs");
  if (Object.keys(extraArgs).length === 0) return "";
  const text = toJson(extraArgs);
  checkArgument(
    text.length <= MAX_LENGTH,
    `vllm_xargs has ${text.length} characters as JSON, at most ${MAX_LENGTH} are possible`,
    "vllm_xargs",
  );
  return text;
}

function toJson(extraArgs: object): string {
  try {
    return JSON.stringify(extraArgs);
  } catch (error) {
    const message = `vllm_xargs must be values that JSON can carry: ${error instanceof Error ? error.message : error}`;
    throw new OctavoError({ code: "INVALID_ARGUMENT", message, param: "vllm_xargs", cause: error });
  }
}
