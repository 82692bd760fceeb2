// `x.name` and `x[key]` as Jinja's sandbox resolves them: attributes first, or items first.
import { characters } from "./characters.js";
import { DICT_METHODS, FORBIDDEN, LIST_METHODS } from "./container-methods.js";
import { Dict } from "./dict.js";
import { type PyFunction, withFirst } from "./functions.js";
import { type Bounds, sliced } from "./sequences.js";
import { formatText } from "./str-format.js";
import { repr } from "./text.js";
import { TEXT_METHODS } from "./text-methods.js";
import {
  Callable,
  Items,
  listOf,
  Markup,
  PyObject,
  refuseUndefined,
  Tuple,
  textOf,
  typeName,
  Undefined,
  type Value,
} from "./values.js";

/** `value.name`: a method or attribute, or else the item of this name. */
export function getAttribute(value: Value, name: string): Value {
  refuseUndefined(value);
  const attribute = attributeOf(value, name);
  return attribute === undefined ? present(itemOf(value, name), value, name) : attribute;
}

/** `value[key]`: an item, or else the method or attribute of this name. */
export function getItem(value: Value, key: Value): Value {
  refuseUndefined(value);
  const item = itemOf(value, key);
  if (item !== undefined) return item;
  const name = textOf(key);
  return present(name === undefined ? undefined : attributeOf(value, name), value, key);
}

/** `value[start:stop:step]`. @throws Error of what cannot be cut, where an item would only be undefined */
export function getSlice(value: Value, bounds: Bounds): Value {
  refuseUndefined(value);
  const text = textOf(value);
  if (text !== undefined) return like(value, sliced(characters(text), bounds).join(""));
  if (Array.isArray(value)) return sliced(value, bounds);
  if (value instanceof Tuple) return new Tuple(sliced(value.items, bounds));
  if (value instanceof Items && value.traits.isSequence) return sliced(value.traits.list!, bounds);
  throw new Error(
    value instanceof Dict ? "unhashable type: 'slice'" : `'${typeName(value)}' object is not subscriptable`,
  );
}

/** @returns what was found; None counts */
function present(found: Value | undefined, value: Value, key: Value): Value {
  return found === undefined ? missing(value, key) : found;
}

function missing(value: Value, key: Value): Undefined {
  const kind = value === null ? "None" : `${typeName(value)} object`;
  return new Undefined(
    textOf(key) === undefined ? `${kind} has no element ${repr(key)}` : `'${kind}' has no attribute ${repr(key)}`,
  );
}

function itemOf(value: Value, key: Value): Value | undefined {
  if (value instanceof Dict) return isHashable(key) ? value.get(key) : undefined;
  if (typeof key !== "bigint" && typeof key !== "boolean") return undefined;
  const text = textOf(value);
  const items = text === undefined ? sequenceOf(value) : characters(text);
  const index = Number(key);
  const item = items?.[index < 0 ? index + items.length : index];
  return typeof item === "string" ? like(value, item) : item;
}

function isHashable(key: Value): boolean {
  return !Array.isArray(key) && !(key instanceof Dict);
}

function sequenceOf(value: Value): readonly Value[] | undefined {
  if (value instanceof Items) return value.traits.isSequence ? value.traits.list : undefined;
  return listOf(value);
}

function attributeOf(value: Value, name: string): Value | undefined {
  if (value instanceof PyObject) return value.attribute(name);
  if (name.startsWith("__") || FORBIDDEN[typeName(value)]?.has(name)) {
    return new Undefined(`access to attribute '${name}' of '${typeName(value)}' object is unsafe.`);
  }
  const text = textOf(value);
  if (text !== undefined && name === "format") {
    return new Callable(name, (args) => like(value, formatText(text, args, { getAttribute, getItem })));
  }
  if (value instanceof Tuple && value.names.includes(name)) return value.items[value.names.indexOf(name)];
  const method = methodsOf(value)?.get(name);
  return method && new Callable(name, keepingMarkup(value, withFirst(method, value)));
}

function methodsOf(value: Value): ReadonlyMap<string, PyFunction> | undefined {
  if (value instanceof Dict) return DICT_METHODS;
  if (Array.isArray(value) || value instanceof Tuple) return LIST_METHODS;
  return textOf(value) === undefined ? undefined : TEXT_METHODS;
}

/** A safe text's methods make safe texts. */
function keepingMarkup(self: Value, method: PyFunction): PyFunction {
  if (!(self instanceof Markup)) return method;
  return (args) => {
    const result = method(args);
    return Array.isArray(result) ? result.map((item) => like(self, item)) : like(self, result);
  };
}

function like(self: Value, result: Value): Value {
  return self instanceof Markup && typeof result === "string" ? new Markup(result) : result;
}
