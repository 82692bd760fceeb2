// Checks of single sampling parameters; each error names the field as HTTP does.
import { checkArgument, OctavoError } from "@octavo/core";

/** A value as messages show it: text in quotes, or "4" would look like 4. */
function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value.slice(0, 40)) : String(value);
}

export function flag(name: string, value: boolean | null | undefined, fallback: boolean): boolean {
  const resolved = value ?? fallback;
  checkArgument(typeof resolved === "boolean", `${name} must be true or false, got ${shown(resolved)}`, name);
  return resolved;
}

export function inRange(name: string, value: number, min: number, max: number): number {
  if (typeof value === "number" && value >= min && value <= max) return value;
  const range = max === Number.MAX_VALUE ? `a finite number of at least ${min}` : `between ${min} and ${max}`;
  throw new OctavoError({
    code: "INVALID_ARGUMENT",
    message: `${name} must be ${range}, got ${shown(value)}`,
    param: name,
  });
}

export function wholeFrom(name: string, value: number, min: number, max: number): number {
  checkArgument(
    Number.isSafeInteger(value) && value >= min && value <= max,
    `${name} must be a whole number ${max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`}, got ${shown(value)}`,
    name,
  );
  return value;
}

export function tokenIds(name: string, ids: readonly number[], vocabSize: number): readonly number[] {
  checkArgument(Array.isArray(ids), `${name} must be a list, got ${shown(ids)}`, name);
  for (const id of ids) {
    checkArgument(
      Number.isInteger(id) && id >= 0 && id < vocabSize,
      `${name} must be token ids below ${vocabSize}, got ${shown(id)}`,
      name,
    );
  }
  return ids;
}

/** @param longest of one string; 0 characters are never allowed */
export function strings(name: string, value: readonly string[], most: number, longest: number): readonly string[] {
  checkArgument(Array.isArray(value), `${name} must be a list of strings, got ${shown(value)}`, name);
  checkArgument(value.length <= most, `${name} takes at most ${most} strings, got ${value.length}`, name);
  for (const text of value) {
    checkArgument(
      typeof text === "string" && text.length > 0 && text.length <= longest,
      `${name} takes strings of 1 to ${longest} characters, got ${JSON.stringify(text)?.slice(0, 40)}`,
      name,
    );
  }
  return value;
}

/** How many alternatives to report; -1 asks for the whole vocabulary. @returns -1 for none */
export function logprobCount(name: string, asked: number | null | undefined, limit: number, vocabSize: number): number {
  if (asked === undefined || asked === null) return -1;
  checkArgument(
    Number.isSafeInteger(asked) && asked >= -1,
    `${name} must be -1 (the whole vocabulary) or a whole number from 0, got ${shown(asked)}`,
    name,
  );
  const wanted = asked === -1 ? vocabSize : Math.min(asked, vocabSize);
  const found = asked === -1 ? `the whole vocabulary, ${vocabSize}` : asked;
  checkArgument(
    wanted <= limit,
    `${name} is ${found}, this engine shows at most ${limit}: ask for fewer, or raise max_logprobs (-1: no limit)`,
    name,
  );
  return wanted;
}
