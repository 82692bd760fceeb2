// Checks of single engine options; each error names the option as its flag does.
import { checkArgument } from "@octavo/core";
import type { EngineOptions } from "./engine-options.js";
import { snakeCase } from "./snake-case.js";

/** `value`, if it is a whole number from `minimum` to `maximum`. @throws INVALID_ARGUMENT that names the option as its flag does */
export function wholeNumber(option: keyof EngineOptions, value: number, maximum: number, minimum = 1): number {
  const flag = flagName(option);
  checkArgument(
    Number.isSafeInteger(value) && value >= minimum && value <= maximum,
    `${flag} must be a whole number from ${minimum} to ${maximum}, got ${value}`,
    flag,
  );
  return value;
}

/** As the flag spells it: `maxModelLen` is max_model_len. */
export function flagName(option: keyof EngineOptions): string {
  return snakeCase(option);
}
