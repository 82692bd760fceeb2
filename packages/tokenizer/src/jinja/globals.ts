// The functions that every template has: Jinja's own, and those that transformers adds.
import { strftime } from "../strftime.js";
import { Dict } from "./dict.js";
import { type Definition, integerArgument, pyFunction, textArgument } from "./functions.js";
import { checkRange } from "./limits.js";
import { iterate, unpacked } from "./sequences.js";
import { str } from "./text.js";
import { type Arguments, Callable, Items, Namespace, PyObject, type Value } from "./values.js";

/** The template itself refuses what it was given. */
export class TemplateRefusal extends Error {}

const DEFINITIONS: Readonly<Record<string, Definition>> = {
  range: ["start stop step", [null, 1n], (start, stop, step) => range(start, stop, step)],
  namespace: (args) => new Namespace(dict(args)),
  dict,
  cycler: ({ positional }) => new Cycler(positional),
  joiner: ["sep", [", "], (separator) => joiner(str(separator))],
  raise_exception: [
    "message",
    [],
    (message) => {
      throw new TemplateRefusal(str(message));
    },
  ],
  strftime_now: ["format", [], (format) => strftime(new Date(), textArgument(format))],
};

/** By name. */
export const GLOBALS: ReadonlyMap<string, Value> = new Map(
  Object.entries(DEFINITIONS).map(([name, definition]) => [name, new Callable(name, pyFunction(name, definition))]),
);

function range(first: Value, second: Value, third: Value): Items {
  const [start, stop] =
    second === null ? [0, integerArgument(first)] : [integerArgument(first), integerArgument(second)];
  const step = integerArgument(third);
  if (step === 0) throw new Error("range() arg 3 must not be zero");
  const length = Math.max(0, Math.ceil((stop - start) / step));
  checkRange(length);
  const list = Array.from({ length }, (_, i) => BigInt(start + i * step));
  const text = `range(${start}, ${stop}${step === 1 ? "" : `, ${step}`})`;
  return new Items("range", list, { list, isSequence: true, text: () => text });
}

function dict({ positional, named }: Arguments): Dict<Value> {
  const [source] = positional;
  if (positional.length > 1) throw new Error(`dict expected at most 1 argument, got ${positional.length}`);
  const made = new Dict<Value>();
  if (source instanceof Dict) for (const [key, value] of source.entries()) made.set(key, value);
  else if (source !== undefined) for (const pair of iterate(source)) addPair(made, pair);
  for (const [name, value] of named) made.set(name, value);
  return made;
}

function addPair(dict: Dict<Value>, pair: Value): void {
  const [key, value] = unpacked(pair, 2) as [Value, Value];
  dict.set(key, value);
}

function joiner(separator: string): Callable {
  let isFirst = true;
  return new Callable("joiner", () => {
    const text = isFirst ? "" : separator;
    isFirst = false;
    return text;
  });
}

/** `cycler(1, 2)`, whose `next()` gives 1, 2, 1. */
class Cycler extends PyObject {
  readonly typeName = "Cycler";
  readonly #items: readonly Value[];
  #at = 0;

  constructor(items: readonly Value[]) {
    super();
    if (items.length === 0) throw new Error("at least one item has to be provided");
    this.#items = items;
  }

  attribute(name: string): Value | undefined {
    const current = this.#items[this.#at]!;
    if (name === "current") return current;
    if (name !== "next" && name !== "reset") return undefined;
    return new Callable(name, () => {
      this.#at = name === "reset" ? 0 : (this.#at + 1) % this.#items.length;
      return name === "reset" ? null : current;
    });
  }
}
