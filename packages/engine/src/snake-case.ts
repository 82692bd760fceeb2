// Between our names and those that JSON, flags and HTTP have: `maxModelLen` is max_model_len.
import { checkArgument } from "@octavo/core";

export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/**
 * The object that a JSON object with vLLM's keys stands for.
 * @param keys our names of those that it may have
 * @param what names it in messages
 * @throws INVALID_ARGUMENT for what is no object, and for unknown keys by name
 */
export function fromSnakeCase<Key extends string>(
  json: unknown,
  keys: readonly Key[],
  what: string,
): Partial<Record<Key, unknown>> {
  checkArgument(
    typeof json === "object" && json !== null && !Array.isArray(json),
    `${what} must be a JSON object`,
    what,
  );
  const names = new Map(keys.map((key) => [snakeCase(key), key]));
  const entries = Object.entries(json).map(([name, value]) => {
    const key = names.get(name);
    checkArgument(key, `${what} has no key "${name}": known are ${[...names.keys()].join(", ")}`, name);
    return [key, value];
  });
  return Object.fromEntries(entries);
}
