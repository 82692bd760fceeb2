// Python's + - * / // % ** and signs, on numbers, texts and lists.
import { numberOf } from "./comparison.js";
import { checked, checkPower, checkSize } from "./limits.js";
import { percentFormat } from "./percent-format.js";
import { str } from "./text.js";
import { listOf, Markup, refuseUndefined, Tuple, textOf, typeName, type Value } from "./values.js";

export type Operator = "+" | "-" | "*" | "/" | "//" | "%" | "**";

/** @returns `a operator b` @throws Error of types that do not go together, and of a division by zero */
export function arithmetic(operator: Operator, a: Value, b: Value): Value {
  refuseUndefined(a, b);
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x !== undefined && y !== undefined) return checked(ofNumbers(operator, x, y));
  const result = ofSequences(operator, a, b);
  if (result !== undefined) return checked(result);
  throw new Error(`unsupported operand type(s) for ${operator}: '${typeName(a)}' and '${typeName(b)}'`);
}

/** `-value` and `+value`. */
export function signed(operator: "+" | "-", value: Value): Value {
  refuseUndefined(value);
  const number = numberOf(value);
  if (number === undefined) throw new Error(`bad operand type for unary ${operator}: '${typeName(value)}'`);
  return operator === "-" ? -number : number;
}

function ofNumbers(operator: Operator, x: bigint | number, y: bigint | number): bigint | number {
  if (typeof x === "bigint" && typeof y === "bigint") return ofIntegers(operator, x, y);
  return ofFloats(operator, Number(x), Number(y));
}

function ofIntegers(operator: Operator, x: bigint, y: bigint): bigint | number {
  switch (operator) {
    case "+":
      return x + y;
    case "-":
      return x - y;
    case "*":
      return x * y;
    case "/":
      return quotient(x, y);
    case "//":
      refuseZero(y);
      return (x - modulo(x, y)) / y;
    case "%":
      refuseZero(y);
      return modulo(x, y);
    case "**":
      if (y < 0n) return ofFloats("**", Number(x), Number(y));
      checkPower(x, y);
      return x ** y;
  }
}

/** Rounded once, also where the integers are too long for floats. */
function quotient(x: bigint, y: bigint): number {
  refuseZero(y);
  const isShort = (value: bigint): boolean => BigInt.asIntN(54, value) === value;
  if (isShort(x) && isShort(y)) return Number(x) / Number(y);
  const [a, b] = [x < 0n ? -x : x, y < 0n ? -y : y];
  const shift = Math.max(0, b.toString(2).length - a.toString(2).length + 66);
  const scaled = a << BigInt(shift);
  const rest = scaled % b === 0n ? 0n : 1n;
  const size = Number(((scaled / b) << 1n) | rest) / 2 ** (shift + 1);
  if (!Number.isFinite(size)) throw new Error("integer division result too large for a float");
  return x < 0n !== y < 0n ? -size : size;
}

/** With the divisor's sign. */
function modulo(x: bigint, y: bigint): bigint {
  const rest = x % y;
  return rest !== 0n && rest < 0n !== y < 0n ? rest + y : rest;
}

function ofFloats(operator: Operator, x: number, y: number): number {
  switch (operator) {
    case "+":
      return x + y;
    case "-":
      return x - y;
    case "*":
      return x * y;
    case "/":
      refuseZero(y);
      return x / y;
    case "//": {
      refuseZero(y);
      const exact = (x - floatModulo(x, y)) / y;
      if (exact === 0) return 0 * Math.sign(x / y);
      const floor = Math.floor(exact);
      return exact - floor > 0.5 ? floor + 1 : floor;
    }
    case "%":
      refuseZero(y);
      return floatModulo(x, y);
    case "**":
      if (x === 0 && y < 0) throw new Error("0.0 cannot be raised to a negative power");
      if (x < 0 && !Number.isInteger(y)) throw new Error("a negative number to a fractional power is complex");
      return Math.abs(x) === 1 ? (x < 0 && y % 2 !== 0 ? -1 : 1) : x ** y;
  }
}

function floatModulo(x: number, y: number): number {
  const rest = x % y;
  if (rest !== 0 && rest < 0 !== y < 0) return rest + y;
  return rest === 0 ? 0 * Math.sign(y) : rest;
}

function refuseZero(y: bigint | number): void {
  // biome-ignore lint/suspicious/noDoubleEquals: of both kinds
  if (y == 0) throw new Error("division by zero");
}

function ofSequences(operator: Operator, a: Value, b: Value): Value | undefined {
  if (operator === "+") return joined(a, b);
  if (operator === "*") return repeated(a, b) ?? repeated(b, a);
  const text = textOf(a);
  if (operator !== "%" || text === undefined) return undefined;
  return a instanceof Markup ? new Markup(percentFormat(text, b, escapedText)) : percentFormat(text, b);
}

function escapedText(value: Value): string {
  return value instanceof Markup ? value.text : Markup.escaped(str(value)).text;
}

function joined(a: Value, b: Value): Value | undefined {
  if (Array.isArray(a) && Array.isArray(b)) {
    checkSize(a.length + b.length);
    return a.concat(b);
  }
  if (a instanceof Tuple && b instanceof Tuple) {
    checkSize(a.items.length + b.items.length);
    return new Tuple(a.items.concat(b.items));
  }
  const [left, right] = [textOf(a), textOf(b)];
  if (left === undefined || right === undefined) return undefined;
  if (!(a instanceof Markup || b instanceof Markup)) return left + right;
  return new Markup(escapedText(a) + escapedText(b));
}

function repeated(sequence: Value, times: Value): Value | undefined {
  const count = typeof times === "number" ? undefined : numberOf(times);
  const text = textOf(sequence);
  const items = text ?? listOf(sequence);
  if (count === undefined || items === undefined) return undefined;
  const n = Math.max(0, Number(count));
  checkSize(n * items.length);
  if (text !== undefined) return sequence instanceof Markup ? new Markup(text.repeat(n)) : text.repeat(n);
  const list = Array.from({ length: n }, () => items as readonly Value[]).flat();
  return Array.isArray(sequence) ? list : new Tuple(list);
}
