// What Python does with anything that holds items: iter(), len(), slices, bool().
import { characterCount, characters } from "./characters.js";
import { Dict } from "./dict.js";
import { Items, listOf, refuseUndefined, Tuple, textOf, typeName, Undefined, type Value } from "./values.js";

/** @returns the items that a `for` takes @throws Error of a value that has none */
export function iterate(value: Value): Iterable<Value> {
  const items = optionalItems(value);
  if (items === undefined) throw new Error(`'${typeName(value)}' object is not iterable`);
  return items;
}

/** @returns undefined where the value has no items */
export function optionalItems(value: Value): Iterable<Value> | undefined {
  if (value instanceof Undefined) return [];
  if (value instanceof Items) return value;
  if (value instanceof Dict) return value.keys();
  const text = textOf(value);
  return text === undefined ? listOf(value) : characters(text);
}

/** @returns undefined where the value has no length, as a generator */
export function optionalLength(value: Value): number | undefined {
  if (value instanceof Undefined) return 0;
  if (value instanceof Dict) return value.size;
  if (value instanceof Items) return value.traits.list?.length;
  const text = textOf(value);
  return text === undefined ? listOf(value)?.length : characterCount(text);
}

/** @throws Error of a value without a length */
export function length(value: Value): bigint {
  const found = optionalLength(value);
  if (found === undefined) throw new Error(`object of type '${typeName(value)}' has no len()`);
  return BigInt(found);
}

/** @returns Python's bool() */
export function isTrue(value: Value): boolean {
  if (value === null || typeof value !== "object") return Boolean(value);
  return optionalLength(value) !== 0;
}

/** The bounds of `x[start:stop:step]`; null where left out. */
export interface Bounds {
  readonly start: Value;
  readonly stop: Value;
  readonly step: Value;
}

/** @returns the items at the places that Python's slice takes @throws Error of bounds that are not integers */
export function sliced<T>(items: readonly T[], bounds: Bounds): T[] {
  const step = bound(bounds.step, 1, Number.POSITIVE_INFINITY);
  if (step === 0) throw new Error("slice step cannot be zero");
  const count = items.length;
  const [first, last] = step > 0 ? [0, count] : [-1, count - 1];
  const place = (value: Value, otherwise: number): number => {
    if (value === null) return otherwise;
    const at = bound(value, 0, count + 1);
    return Math.min(last, Math.max(first, at < 0 ? at + count : at));
  };
  const start = place(bounds.start, step > 0 ? 0 : count - 1);
  const stop = place(bounds.stop, step > 0 ? count : -1);
  const taken: T[] = [];
  for (let i = start; step > 0 ? i < stop : i > stop; i += step) taken.push(items[i]!);
  return taken;
}

function bound(value: Value, otherwise: number, largest: number): number {
  if (value === null) return otherwise;
  refuseUndefined(value);
  if (typeof value !== "bigint" && typeof value !== "boolean")
    throw new Error("slice indices must be integers or None");
  return Math.min(largest, Math.max(-largest, Number(value)));
}

/** @throws Error unless there are as many items as names */
export function unpacked(value: Value, count: number): Value[] {
  if (value instanceof Undefined || optionalItems(value) === undefined) {
    throw new Error(`cannot unpack non-iterable ${typeName(value)} object`);
  }
  const items = [...iterate(value)];
  if (items.length > count) throw new Error(`too many values to unpack (expected ${count})`);
  if (items.length < count) throw new Error(`not enough values to unpack (expected ${count}, got ${items.length})`);
  return items;
}

/** @returns a dict's `keys()`, `values()` or `items()` */
export function view(kind: "keys" | "values" | "items", dict: Dict<Value>): Items {
  const list: Value[] = kind === "items" ? dict.entries().map((pair) => new Tuple(pair)) : dict[kind]();
  return new Items(`dict_${kind}`, list, { list, text: (repr) => `dict_${kind}(${repr(list)})` });
}
