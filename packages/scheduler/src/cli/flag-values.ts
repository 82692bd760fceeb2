// Checks of flags' values. Each takes the text as it was typed and gives what commands use.
import { InvalidArgumentError } from "commander";

/** Whole numbers of `minimum` or more. */
export function whole(minimum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= minimum) return value;
    throw new InvalidArgumentError(`It must be a whole number of ${minimum} or more.`);
  };
}

/** A number above 0. */
export function above0(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError("It must be a number above 0.");
}

/** A number above 0, or "inf". */
export function rate(text: string): number {
  return text === "inf" ? Number.POSITIVE_INFINITY : above0(text);
}

/** Numbers above 0, joined by commas. */
export function shares(text: string): number[] {
  return text.split(",").map(above0);
}

/** For each group of layers, tokens that a token sees or "all", joined by commas. */
export function windows(text: string): number[] {
  return text.split(",").map((part) => {
    const tokens = part === "all" ? Number.POSITIVE_INFINITY : Number(part);
    if (part !== "" && (tokens === Number.POSITIVE_INFINITY || (Number.isSafeInteger(tokens) && tokens >= 1)))
      return tokens;
    throw new InvalidArgumentError('Windows are whole numbers of 1 or more, or "all", joined by commas.');
  });
}
