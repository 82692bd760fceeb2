// Jinja's filters of whole sequences.
import { arithmetic } from "./arithmetic.js";
import { attributeGetter, attributesGetter, type Getter, ignoringCase } from "./attribute-path.js";
import { characters } from "./characters.js";
import { compare, equals, sortedBy } from "./comparison.js";
import { Dict } from "./dict.js";
import { functionTable, integerArgument, type PyFunction, textArgument } from "./functions.js";
import { checkSize } from "./limits.js";
import { isTrue, iterate, length } from "./sequences.js";
import { getAttribute } from "./subscripts.js";
import { str } from "./text.js";
import { joinedTexts } from "./text-methods.js";
import { Items, iterator, refuseUndefined, Tuple, textOf, typeName, Undefined, type Value } from "./values.js";

export const SEQUENCE_FILTERS: ReadonlyMap<string, PyFunction> = functionTable({
  length: ["obj", [], length],
  count: ["obj", [], length],
  list: ["value", [], (value) => [...iterate(value)]],
  first: ["seq", [], (value) => firstOf(iterate(value), "first")],
  last: ["seq", [], (value) => firstOf(reversed(value), "last")],
  reverse: ["value", [], reverse],
  join: [
    "value d attribute",
    ["", null],
    (value, separator, attribute) => {
      const texts = Array.from(iterate(value), attributeGetter(attribute)).map(str);
      return joinedTexts(texts, str(separator));
    },
  ],
  sort: [
    "value reverse case_sensitive attribute",
    [false, false, null],
    (value, backwards, caseSensitive, attribute) => {
      const key = attributesGetter(attribute, casing(caseSensitive));
      return sortedBy(iterate(value), key, isTrue(backwards));
    },
  ],
  dictsort: ["value case_sensitive by reverse", [false, "key", false], dictSorted],
  unique: [
    "value case_sensitive attribute",
    [false, null],
    (value, caseSensitive, attribute) => iterator(unique(value, keyOf(attribute, caseSensitive))),
  ],
  groupby: ["value attribute default case_sensitive", [null, false], grouped],
  min: ["value case_sensitive attribute", [false, null], extreme((a, b) => compare(b, a) < 0)],
  max: ["value case_sensitive attribute", [false, null], extreme((a, b) => compare(b, a, ">") > 0)],
  sum: [
    "iterable attribute start",
    [null, 0n],
    (value, attribute, start) => {
      if (textOf(start) !== undefined) throw new Error("sum() can't sum strings [use ''.join(seq) instead]");
      let total = start;
      for (const item of Array.from(iterate(value), attributeGetter(attribute))) total = arithmetic("+", total, item);
      return total;
    },
  ],
  batch: ["value linecount fill_with", [null], (value, count, fill) => iterator(batches(value, count, fill))],
  slice: ["value slices fill_with", [null], (value, count, fill) => iterator(slices(value, count, fill))],
  items: ["value", [], (value) => iterator(itemsOf(value))],
  default: ["value default_value boolean", ["", false], otherwise],
  d: ["value default_value boolean", ["", false], otherwise],
  attr: [
    "obj name",
    [],
    (value, name) => {
      const key = textArgument(name);
      return value instanceof Dict && value.has(key) && !"get items keys values copy".split(" ").includes(key)
        ? new Undefined(`'dict object' has no attribute '${key}'`)
        : getAttribute(value, key);
    },
  ],
});

function otherwise(value: Value, instead: Value, falseToo: Value): Value {
  return value instanceof Undefined || (isTrue(falseToo) && !isTrue(value)) ? instead : value;
}

function casing(caseSensitive: Value): Getter {
  return isTrue(caseSensitive) ? (value) => value : ignoringCase;
}

function keyOf(attribute: Value, caseSensitive: Value): Getter {
  const [get, change] = [attributeGetter(attribute), casing(caseSensitive)];
  return (item) => change(get(item));
}

function firstOf(items: Iterable<Value>, which: string): Value {
  const { done, value } = items[Symbol.iterator]().next();
  return done ? new Undefined(`No ${which} item, sequence was empty.`) : value;
}

/** @throws Error of a sequence that is only to be had from its start */
function reversed(value: Value): readonly Value[] {
  if (value instanceof Items && value.traits.list === undefined) {
    throw new Error(`'${typeName(value)}' object is not reversible`);
  }
  return [...iterate(value)].reverse();
}

function reverse(value: Value): Value {
  const text = textOf(value);
  if (text !== undefined) return characters(text).reverse().join("");
  if (value instanceof Items && value.traits.list === undefined) return [...value].reverse();
  return iterator(reversed(value), Array.isArray(value) ? "list_reverseiterator" : "reversed");
}

function dictSorted(value: Value, caseSensitive: Value, by: Value, backwards: Value): Value {
  refuseUndefined(value);
  if (!(value instanceof Dict)) throw new Error(`'${typeName(value)}' object has no attribute 'items'`);
  if (by !== "key" && by !== "value") throw new Error('You can only sort by either "key" or "value"');
  const [at, change] = [by === "key" ? 0 : 1, casing(caseSensitive)];
  const pairs = value.entries().map((pair) => new Tuple(pair));
  return sortedBy(pairs, (pair) => change((pair as Tuple).items[at]!), isTrue(backwards));
}

function* unique(value: Value, key: Getter): Generator<Value> {
  const seen = new Dict<Value>();
  for (const item of iterate(value)) {
    const found = key(item);
    if (seen.has(found)) continue;
    seen.set(found, true);
    yield item;
  }
}

function grouped(value: Value, attribute: Value, instead: Value, caseSensitive: Value): Value[] {
  const name = attributeGetter(attribute, instead);
  const change = casing(caseSensitive);
  const groups: { readonly key: Value; readonly items: Value[] }[] = [];
  for (const item of sortedBy(iterate(value), (one) => change(name(one)))) {
    const key = change(name(item));
    const last = groups.at(-1);
    if (last && equals(last.key, key)) last.items.push(item);
    else groups.push({ key, items: [item] });
  }
  return groups.map(({ items }) => new Tuple([name(items[0]!), items], ["grouper", "list"]));
}

function extreme(isBetter: (best: Value, item: Value) => boolean) {
  return (value: Value, caseSensitive: Value, attribute: Value): Value => {
    const key = keyOf(attribute, caseSensitive);
    const [first, ...rest] = Array.from(iterate(value), (item) => ({ item, key: key(item) }));
    if (!first) return new Undefined("No aggregated item, sequence was empty.");
    return rest.reduce((best, next) => (isBetter(best.key, next.key) ? next : best), first).item;
  };
}

function* batches(value: Value, count: Value, fill: Value): Generator<Value> {
  const size = integerArgument(count);
  checkSize(size);
  let batch: Value[] = [];
  for (const item of iterate(value)) {
    if (batch.length === size) {
      yield batch;
      batch = [];
    }
    batch.push(item);
  }
  if (batch.length === 0) return;
  if (fill !== null) while (batch.length < size) batch.push(fill);
  yield batch;
}

function* slices(value: Value, count: Value, fill: Value): Generator<Value> {
  const [items, parts] = [[...iterate(value)], integerArgument(count)];
  checkSize(parts);
  const size = Math.floor(items.length / parts);
  const longer = items.length % parts;
  for (let i = 0, start = 0; i < parts; i++) {
    const end = start + size + (i < longer ? 1 : 0);
    const part = items.slice(start, end);
    if (fill !== null && i >= longer) part.push(fill);
    start = end;
    yield part;
  }
}

function* itemsOf(value: Value): Generator<Value> {
  if (value instanceof Undefined) return;
  if (!(value instanceof Dict)) throw new Error("Can only get item pairs from a mapping.");
  for (const pair of value.entries()) yield new Tuple(pair);
}
