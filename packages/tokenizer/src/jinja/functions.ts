// Functions of ours that templates call as Python's: parameters by position or by name, with defaults.
import { numberOf } from "./comparison.js";
import { type Arguments, refuseUndefined, textOf, typeName, type Value } from "./values.js";

export type PyFunction = (args: Arguments) => Value;

/** Names of parameters, the defaults of the last ones, and what runs; or a function that takes its arguments as they come. */
export type Definition =
  | readonly [parameters: string, defaults: readonly Value[], run: (...values: Value[]) => Value]
  | PyFunction;

/** @param definitions by name, with parameters such as "self old new count" */
export function functionTable(definitions: Readonly<Record<string, Definition>>): ReadonlyMap<string, PyFunction> {
  return new Map(Object.entries(definitions).map(([name, definition]) => [name, pyFunction(name, definition)]));
}

/** @returns a function that binds its arguments as Python does, or throws as Python does */
export function pyFunction(name: string, definition: Definition): PyFunction {
  if (typeof definition === "function") return definition;
  const [parameters, defaults, run] = definition;
  const names = parameters.split(" ").filter((parameter) => parameter !== "");
  return (args) => run(...bound(name, names, defaults, args));
}

function bound(name: string, names: readonly string[], defaults: readonly Value[], args: Arguments): Value[] {
  const { positional, named } = args;
  if (positional.length > names.length) {
    throw new Error(`${name}() takes at most ${names.length} arguments, ${positional.length} were given`);
  }
  for (const key of named.keys()) {
    const at = names.indexOf(key);
    if (at < 0) throw new Error(`${name}() got an unexpected keyword argument '${key}'`);
    if (at < positional.length) throw new Error(`${name}() got multiple values for argument '${key}'`);
  }
  const required = names.length - defaults.length;
  return names.map((key, i) => {
    const value = positional[i] ?? (i < positional.length ? null : named.get(key));
    if (value !== undefined) return value;
    if (i < required) throw new Error(`${name}() missing required argument: '${key}'`);
    return defaults[i - required]!;
  });
}

/** @returns the function with the first arguments given, as a method has its object */
export function withFirst(run: PyFunction, ...first: readonly Value[]): PyFunction {
  return ({ positional, named }) => run({ positional: [...first, ...positional], named });
}

/** @throws Error of a value that is no text */
export function textArgument(value: Value): string {
  const text = textOf(value);
  if (text !== undefined) return text;
  refuseUndefined(value);
  throw new Error(`must be str, not ${typeName(value)}`);
}

/** @throws Error of a value that is no integer */
export function integerArgument(value: Value): number {
  const number = typeof value === "number" ? undefined : numberOf(value);
  if (number !== undefined) return Number(number);
  refuseUndefined(value);
  throw new Error(`'${typeName(value)}' object cannot be interpreted as an integer`);
}
