// Python's values as a template sees them. Integers are bigint and floats are number, so that 1 and 1.0 stay apart.
import { Dict } from "./dict.js";

/** Anything an expression can be. */
export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | Markup
  | Undefined
  | Value[]
  | Tuple
  | Dict<Value>
  | Items
  | PyObject;

/** What a missing name or attribute is: it prints as nothing, and using it is an error. */
export class Undefined {
  /** @param message of the error */
  constructor(readonly message: string) {}
}

/** A template used what is undefined, or what the sandbox forbids. */
export class UndefinedError extends Error {}

/** `(1, 2)`. Its items may have names too, as those of groupby have. */
export class Tuple {
  constructor(
    readonly items: readonly Value[],
    readonly names: readonly string[] = [],
  ) {}
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&#34;",
  "'": "&#39;",
};

/** A text that needs no escaping (`|safe`, `|escape`). Whatever is added to it is escaped. */
export class Markup {
  constructor(readonly text: string) {}

  static escaped(text: string): Markup {
    return new Markup(text.replace(/[&<>"']/g, (char) => ESCAPES[char]!));
  }
}

/** What a sequence that is not a list has besides its items. */
interface ItemsTraits {
  /** All items, where it has a length. */
  readonly list?: readonly Value[];
  /** Whether `x[0]` works. */
  readonly isSequence?: boolean;
  /** As Python prints it. */
  readonly text?: (repr: (value: Value) => string) => string;
}

/** A sequence that is not a list: a generator, a range, a view of a dict. */
export class Items implements Iterable<Value> {
  constructor(
    readonly typeName: string,
    private readonly source: Iterable<Value>,
    readonly traits: ItemsTraits = {},
  ) {}

  [Symbol.iterator](): Iterator<Value> {
    return this.source[Symbol.iterator]();
  }
}

/** An iterator of Python's: its items come once, and it has no length. */
export function iterator(items: Iterable<Value>, typeName = "generator"): Items {
  const source = items[Symbol.iterator]();
  // Without `return`: leaving a loop does not close it, as in Python.
  return new Items(typeName, { [Symbol.iterator]: () => ({ next: () => source.next() }) });
}

/** What a call gives its function. */
export interface Arguments {
  readonly positional: readonly Value[];
  readonly named: ReadonlyMap<string, Value>;
}

/** An object with attributes, perhaps one that can be called. */
export abstract class PyObject {
  abstract readonly typeName: string;
  readonly call?: (args: Arguments) => Value;

  /** @returns undefined where there is none */
  abstract attribute(name: string): Value | undefined;

  text(): string {
    return `<${this.typeName} object>`;
  }
}

/** A function or a method. */
export class Callable extends PyObject {
  readonly typeName = "function";

  constructor(
    readonly name: string,
    override readonly call: (args: Arguments) => Value,
  ) {
    super();
  }

  attribute(): undefined {
    return undefined;
  }

  override text(): string {
    return `<function ${this.name}>`;
  }
}

/** `namespace()`: what a template may assign to from an inner scope. */
export class Namespace extends PyObject {
  readonly typeName = "Namespace";

  constructor(readonly attributes: Dict<Value>) {
    super();
  }

  attribute(name: string): Value | undefined {
    return this.attributes.get(name);
  }
}

/** @returns a text's characters, safe ones too; undefined for any other value */
export function textOf(value: Value): string | undefined {
  if (typeof value === "string") return value;
  return value instanceof Markup ? value.text : undefined;
}

/** @returns a list's or tuple's items; undefined for any other value */
export function listOf(value: Value): readonly Value[] | undefined {
  if (Array.isArray(value)) return value;
  return value instanceof Tuple ? value.items : undefined;
}

/** @returns Python's name of the value's type, for messages */
export function typeName(value: Value): string {
  if (value === null) return "NoneType";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "bigint") return "int";
  if (typeof value === "number") return "float";
  if (typeof value === "string") return "str";
  if (Array.isArray(value)) return "list";
  if (value instanceof Tuple) return "tuple";
  if (value instanceof Dict) return "dict";
  if (value instanceof Markup) return "Markup";
  return value instanceof Undefined ? "Undefined" : value.typeName;
}

/** @throws the error of an undefined value */
export function refuseUndefined(...values: readonly Value[]): void {
  for (const value of values) if (value instanceof Undefined) throw new UndefinedError(value.message);
}
