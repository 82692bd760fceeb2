// Python's ==, <, in and min/max's order.
import { compareTexts } from "./characters.js";
import { Dict } from "./dict.js";
import { iterate, optionalItems } from "./sequences.js";
import { Items, listOf, refuseUndefined, Tuple, textOf, typeName, Undefined, type Value } from "./values.js";

/** @returns bigint or number for what Python counts as a number; undefined for any other value */
export function numberOf(value: Value): bigint | number | undefined {
  if (typeof value === "boolean") return value ? 1n : 0n;
  return typeof value === "bigint" || typeof value === "number" ? value : undefined;
}

/** `a == b`. */
export function equals(a: Value, b: Value): boolean {
  if (a === b) return true;
  const [x, y] = [numberOf(a), numberOf(b)];
  // biome-ignore lint/suspicious/noDoubleEquals: an integer and a float of the same value are equal
  if (x !== undefined && y !== undefined) return x == y;
  const text = textOf(a);
  if (text !== undefined) return text === textOf(b);
  if (a instanceof Undefined) return b instanceof Undefined;
  if (Array.isArray(a) && Array.isArray(b)) return equalLists(a, b);
  if (a instanceof Tuple && b instanceof Tuple) return equalLists(a.items, b.items);
  if (a instanceof Dict && b instanceof Dict) {
    return a.size === b.size && a.entries().every(([key, value]) => b.has(key) && equals(value, b.get(key)!));
  }
  return a instanceof Items && b instanceof Items && a.typeName === b.typeName && equalViews(a, b);
}

function equalLists(a: readonly Value[], b: readonly Value[]): boolean {
  return a.length === b.length && a.every((item, i) => equals(item, b[i]!));
}

function equalViews({ traits: a }: Items, { traits: b }: Items): boolean {
  return a.list !== undefined && b.list !== undefined && equalLists(a.list, b.list);
}

/** @returns below, above or equal to 0; NaN where neither is so @throws Error of types without an order */
export function compare(a: Value, b: Value, operator = "<"): number {
  refuseUndefined(a, b);
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x !== undefined && y !== undefined) {
    if (x < y) return -1;
    if (x > y) return 1;
    return Number.isNaN(x) || Number.isNaN(y) ? Number.NaN : 0;
  }
  const [left, right] = [textOf(a), textOf(b)];
  if (left !== undefined && right !== undefined) return compareTexts(left, right);
  const [first, second] = [listOf(a), listOf(b)];
  if (first && second && Array.isArray(a) === Array.isArray(b)) {
    const at = first.findIndex((item, i) => i >= second.length || !equals(item, second[i]!));
    if (at < 0) return first.length - second.length;
    return at < second.length ? compare(first[at]!, second[at]!, operator) : 1;
  }
  throw new Error(`'${operator}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`);
}

/** `item in container`. @throws Error of a container that cannot be asked */
export function contains(container: Value, item: Value): boolean {
  const text = textOf(container);
  if (text !== undefined) {
    const part = textOf(item);
    if (part === undefined) throw new Error(`'in <string>' requires string as left operand, not ${typeName(item)}`);
    return text.includes(part);
  }
  if (container instanceof Dict) return container.has(item);
  if (optionalItems(container) === undefined) {
    throw new Error(`argument of type '${typeName(container)}' is not iterable`);
  }
  for (const found of iterate(container)) if (equals(found, item)) return true;
  return false;
}

/** @returns the items in Python's order; those that are equal keep theirs */
export function sortedBy(items: Iterable<Value>, key: (item: Value) => Value, reverse = false): Value[] {
  const keyed = Array.from(items, (item) => ({ item, key: key(item) }));
  keyed.sort((a, b) => (reverse ? compare(b.key, a.key) : compare(a.key, b.key)));
  return keyed.map(({ item }) => item);
}
