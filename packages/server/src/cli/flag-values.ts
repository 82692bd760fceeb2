// Checks of flags' values. Each takes the text as it was typed and gives what commands use.
import { OctavoError } from "@octavo/core";
import { InvalidArgumentError } from "commander";

export function nonEmpty(value: string): string {
  if (value === "") throw new InvalidArgumentError("It must not be empty.");
  return value;
}

/** For flags that may be repeated. */
export function collect(value: string, previous: readonly string[] = []): string[] {
  return [...previous, nonEmpty(value)];
}

export function positive(text: string): number {
  const value = wholeNumber(text);
  if (value > 0) return value;
  throw new InvalidArgumentError("It must be a whole number of at least 1.");
}

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError("It must be a whole number of 0 or more.");
}

/** Of 64 bits; a bigint where a number cannot hold it. */
export function integer(text: string): number | bigint {
  if (!/^-?\d+$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
}

/** What `convert` makes of JSON; an OctavoError of it is told as it is. */
export function jsonOf<Value>(convert: (json: unknown) => Value): (text: string) => Value {
  return (text) => {
    try {
      return convert(JSON.parse(text));
    } catch (error) {
      throw new InvalidArgumentError(OctavoError.isInstance(error) ? `${error.message}.` : "It must be a JSON object.");
    }
  };
}

/** -1: no limit. */
export function limit(text: string): number {
  const value = Number(text);
  if (text === "-1" || (/^\d+$/.test(text) && Number.isSafeInteger(value))) return value;
  throw new InvalidArgumentError("It must be a whole number of 0 or more, or -1 for no limit.");
}

export function length(text: string): number | "auto" {
  if (text === "auto" || text === "-1") return "auto";
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError("It must be a whole number of at least 1, or auto.");
}

export function share(text: string): number {
  const value = Number(text);
  if (/^\d*\.?\d+$/.test(text) && value > 0 && value <= 1) return value;
  throw new InvalidArgumentError("It must be above 0 and at most 1, such as 0.9.");
}

export function port(text: string): number {
  if (/^\d+$/.test(text) && Number(text) <= 65535) return Number(text);
  throw new InvalidArgumentError("It must be a number from 0 to 65535.");
}

export function seconds(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text) && Number(text) <= 2 ** 20) return Number(text);
  throw new InvalidArgumentError("It must be a number of seconds.");
}

export function milliseconds(text: string): number {
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("It must be a number of milliseconds.");
}

export function decimal(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("It must be a number.");
}

/** Requests a second; "inf": all at once. */
export function rate(text: string): number {
  if (text === "inf") return Number.POSITIVE_INFINITY;
  const value = decimal(text);
  if (value > 0) return value;
  throw new InvalidArgumentError("It must be above 0, or inf.");
}

/** A server's address, without a slash or /v1 at its end. */
export function serverUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return url.href.replace(/\/(v1\/?)?$/, "");
  throw new InvalidArgumentError("It must be an address such as http://127.0.0.1:8000.");
}
