// A misspelt option must not be ignored: it would silently mean the default.
import { checkArgument } from "@octavo/core";

/** Refuses what is not a plain object and keys that `known` lacks. @param what names the object in the message */
export function checkKeys(value: object, known: Readonly<Record<string, unknown>>, what: string): void {
  checkArgument(typeof value === "object" && value !== null, () => `${what} must be an object, got ${String(value)}`);
  for (const key of Object.keys(value)) {
    if (Object.hasOwn(known, key)) continue;
    const camelCase = key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const advice = Object.hasOwn(known, camelCase)
      ? `write ${camelCase}`
      : `known are ${Object.keys(known).join(", ")}`;
    checkArgument(false, `unknown ${what} "${key}": ${advice}`, key);
  }
}
