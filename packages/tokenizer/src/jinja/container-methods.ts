// The methods of Python's list, tuple and dict that change nothing; the sandbox refuses those that do.
import { equals } from "./comparison.js";
import { Dict } from "./dict.js";
import { functionTable, integerArgument, type PyFunction } from "./functions.js";
import { iterate, view } from "./sequences.js";
import { listOf, type Value } from "./values.js";

/** With the list or tuple as their first argument. */
export const LIST_METHODS: ReadonlyMap<string, PyFunction> = functionTable({
  count: ["self item", [], (self, item) => BigInt(listOf(self)!.filter((found) => equals(found, item)).length)],
  index: [
    "self item start",
    [0n],
    (self, item, start) => {
      const from = integerArgument(start);
      const at = listOf(self)!.findIndex((found, i) => i >= from && equals(found, item));
      if (at < 0) throw new Error("the item is not in the list");
      return BigInt(at);
    },
  ],
  copy: ["self", [], (self) => [...listOf(self)!]],
});

/** With the dict as their first argument. */
export const DICT_METHODS: ReadonlyMap<string, PyFunction> = functionTable({
  get: [
    "self key default",
    [null],
    (self, key, otherwise) => (asDict(self).has(key) ? asDict(self).get(key)! : otherwise),
  ],
  keys: ["self", [], (self) => view("keys", asDict(self))],
  values: ["self", [], (self) => view("values", asDict(self))],
  items: ["self", [], (self) => view("items", asDict(self))],
  copy: ["self", [], (self) => new Dict(asDict(self).entries())],
  fromkeys: [
    "self keys value",
    [null],
    (_, keys, value) => new Dict(Array.from(iterate(keys), (key) => [key, value] as const)),
  ],
});

/** Methods that change their object. */
export const FORBIDDEN: Readonly<Record<string, ReadonlySet<string>>> = {
  list: new Set(["append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"]),
  dict: new Set(["clear", "pop", "popitem", "setdefault", "update"]),
};

function asDict(value: Value): Dict<Value> {
  return value as Dict<Value>;
}
