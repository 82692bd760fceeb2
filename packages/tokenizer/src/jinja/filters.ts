// All filters and tests by name, and the filters that take another one by name: map, select, reject, selectattr, rejectattr.
import { attributeGetter, type Getter } from "./attribute-path.js";
import { functionTable, type PyFunction } from "./functions.js";
import { NUMBER_FILTERS } from "./number-filters.js";
import { SEQUENCE_FILTERS } from "./sequence-filters.js";
import { isTrue, iterate } from "./sequences.js";
import { TESTS } from "./tests.js";
import { str } from "./text.js";
import { TEXT_FILTERS } from "./text-filters.js";
import { type Arguments, iterator, type Value } from "./values.js";

const NAMED_FILTERS = functionTable({
  map: ({ positional: [value = null, ...rest], named }) => iterator(mapped(value, { positional: rest, named })),
  select: ({ positional: [value = null, ...rest], named }) => selected(value, rest, named, null, true),
  reject: ({ positional: [value = null, ...rest], named }) => selected(value, rest, named, null, false),
  selectattr: ({ positional: [value = null, ...rest], named }) => byAttribute(value, rest, named, true),
  rejectattr: ({ positional: [value = null, ...rest], named }) => byAttribute(value, rest, named, false),
});

const FILTERS: ReadonlyMap<string, PyFunction> = new Map([
  ...TEXT_FILTERS,
  ...NUMBER_FILTERS,
  ...SEQUENCE_FILTERS,
  ...NAMED_FILTERS,
]);

const ALL_TESTS: ReadonlyMap<string, PyFunction> = new Map([
  ...TESTS,
  ...functionTable({
    filter: ["value", [], (value) => FILTERS.has(str(value))],
    test: ["value", [], (value) => ALL_TESTS.has(str(value))],
  }),
]);

/** @throws Error of a name that is no filter */
export function filterNamed(name: string): PyFunction {
  const filter = FILTERS.get(name);
  if (!filter) throw new Error(`No filter named '${name}'.`);
  return filter;
}

/** @throws Error of a name that is no test */
export function testNamed(name: string): PyFunction {
  const test = ALL_TESTS.get(name);
  if (!test) throw new Error(`No test named '${name}'.`);
  return test;
}

function* mapped(value: Value, { positional, named }: Arguments): Generator<Value> {
  if (!isTrue(value)) return;
  const [name, ...rest] = positional;
  let change: Getter;
  if (name !== undefined) {
    const filter = filterNamed(str(name));
    change = (item) => filter({ positional: [item, ...rest], named });
  } else {
    for (const key of named.keys()) {
      if (key !== "attribute" && key !== "default") throw new Error(`Unexpected keyword argument '${key}'`);
    }
    if (!named.has("attribute")) throw new Error("map requires a filter argument");
    change = attributeGetter(named.get("attribute")!, named.get("default"));
  }
  for (const item of iterate(value)) yield change(item);
}

type Named = ReadonlyMap<string, Value>;

function byAttribute(value: Value, [attribute, ...rest]: readonly Value[], named: Named, wanted: boolean): Value {
  return selected(value, rest, named, attribute ?? null, wanted, attribute === undefined);
}

function selected(
  value: Value,
  test: readonly Value[],
  named: Named,
  attribute: Value,
  wanted: boolean,
  lacksAttribute = false,
): Value {
  return iterator(selecting());

  function* selecting(): Generator<Value> {
    if (!isTrue(value)) return;
    if (lacksAttribute) throw new Error("Missing parameter for attribute name");
    const [name, ...rest] = test;
    const get = attributeGetter(attribute);
    const run = name === undefined ? null : testNamed(str(name));
    for (const item of iterate(value)) {
      const found = get(item);
      const isTaken = run ? isTrue(run({ positional: [found, ...rest], named })) : isTrue(found);
      if (isTaken === wanted) yield item;
    }
  }
}
