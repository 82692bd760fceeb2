// Jinja's tests: `x is defined`, `select("odd")`.
import { arithmetic } from "./arithmetic.js";
import { compare, contains, equals, numberOf } from "./comparison.js";
import { Dict } from "./dict.js";
import { type Definition, functionTable, type PyFunction } from "./functions.js";
import { optionalItems, optionalLength } from "./sequences.js";
import { str } from "./text.js";
import { isLower, isUpper } from "./text-methods.js";
import { Items, Markup, PyObject, textOf, Undefined, type Value } from "./values.js";

const one = (test: (value: Value) => boolean): Definition => ["value", [], test];
const two = (test: (value: Value, other: Value) => boolean): Definition => ["value other", [], test];

const equal = two(equals);
const unequal = two((a, b) => !equals(a, b));
const below = two((a, b) => compare(a, b, "<") < 0);
const atMost = two((a, b) => compare(a, b, "<=") <= 0);
const above = two((a, b) => compare(a, b, ">") > 0);
const atLeast = two((a, b) => compare(a, b, ">=") >= 0);
const isMultiple = (value: Value, of: Value): boolean => equals(arithmetic("%", value, of), 0n);

/** By name, with the value as their first argument. But for `filter` and `test`. */
export const TESTS: ReadonlyMap<string, PyFunction> = functionTable({
  defined: one((value) => !(value instanceof Undefined)),
  undefined: one((value) => value instanceof Undefined),
  none: one((value) => value === null),
  boolean: one((value) => typeof value === "boolean"),
  true: one((value) => value === true),
  false: one((value) => value === false),
  integer: one((value) => typeof value === "bigint"),
  float: one((value) => typeof value === "number"),
  number: one((value) => numberOf(value) !== undefined),
  string: one((value) => textOf(value) !== undefined),
  mapping: one((value) => value instanceof Dict),
  iterable: one((value) => optionalItems(value) !== undefined),
  sequence: one(isSequence),
  callable: one((value) => value instanceof Undefined || (value instanceof PyObject && value.call !== undefined)),
  escaped: one((value) => value instanceof Markup),
  lower: one((value) => isLower(str(value))),
  upper: one((value) => isUpper(str(value))),
  odd: one((value) => equals(arithmetic("%", value, 2n), 1n)),
  even: one((value) => isMultiple(value, 2n)),
  divisibleby: ["value num", [], isMultiple],
  sameas: two((a, b) => a === b),
  in: two((item, container) => contains(container, item)),
  "==": equal,
  eq: equal,
  equalto: equal,
  "!=": unequal,
  ne: unequal,
  "<": below,
  lt: below,
  lessthan: below,
  "<=": atMost,
  le: atMost,
  ">": above,
  gt: above,
  greaterthan: above,
  ">=": atLeast,
  ge: atLeast,
});

/** What has a length and can be subscripted. */
function isSequence(value: Value): boolean {
  if (value instanceof Items) return value.traits.isSequence === true;
  return optionalLength(value) !== undefined;
}
