// What a rendering may cost. Templates come from files that nobody has read: one that loops or grows must end.
import type { Value } from "./values.js";

/** Characters of a text, and items of a list, that a template may make: far above a prompt, far below the process's memory. */
const MAX_SIZE = 10_000_000;
/** Far above what a template counts; arithmetic on more bits takes long. */
const MAX_INTEGER_BITS = 20_000;
const MAX_INTEGER = 1n << BigInt(MAX_INTEGER_BITS);
/** `MAX_RANGE` of jinja2.sandbox. */
const MAX_RANGE = 100_000;

/** Counts the nodes that a rendering evaluates. */
export class Steps {
  #left: number;

  constructor(private readonly most: number) {
    this.#left = most;
  }

  take(): void {
    this.#left -= 1;
    if (this.#left < 0) throw new Error(`it takes more than ${this.most} steps; look for an endless loop`);
  }
}

/** @throws Error of a text or list of more items */
export function checkSize(size: number): void {
  if (size > MAX_SIZE) throw new Error(`it makes a text or list of ${size} items, at most ${MAX_SIZE} are allowed`);
}

/** @returns the value @throws Error where it is too large */
export function checked<T extends Value>(value: T): T {
  if (typeof value === "string" || Array.isArray(value)) checkSize(value.length);
  if (typeof value === "bigint" && (value > MAX_INTEGER || value < -MAX_INTEGER)) throw tooManyBits();
  return value;
}

/** @throws Error where base ** exponent would be too large, before it is computed */
export function checkPower(base: bigint, exponent: bigint): void {
  const bits = base.toString(16).length * 4 - 3;
  if (base > 1n || base < -1n) if (BigInt(bits) * exponent > BigInt(MAX_INTEGER_BITS)) throw tooManyBits();
}

function tooManyBits(): Error {
  return new Error(`it makes an integer of more than ${MAX_INTEGER_BITS} bits`);
}

/** @throws Error of Jinja's sandbox */
export function checkRange(length: number): void {
  if (length > MAX_RANGE) throw new Error(`range() of ${length} items, at most ${MAX_RANGE} are allowed`);
}
