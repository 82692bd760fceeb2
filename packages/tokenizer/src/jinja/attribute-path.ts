// Attributes that filters take by name: `map(attribute="function.name")`, `sort(attribute="a,b.0")`.
import { getItem } from "./subscripts.js";
import { textOf, Undefined, type Value } from "./values.js";

export type Getter = (item: Value) => Value;

/** @param attribute dotted names and numbers, or one key @param otherwise for an item without it; null is none */
export function attributeGetter(attribute: Value, otherwise: Value = null): Getter {
  const path = pathOf(attribute);
  return (item) => {
    let value = item;
    for (const key of path) {
      value = getItem(value, key);
      if (value instanceof Undefined && otherwise !== null) value = otherwise;
    }
    return value;
  };
}

/** @param attribute as {@link attributeGetter}'s, also several with commas @returns a list of them */
export function attributesGetter(attribute: Value, change: Getter): Getter {
  const getters = (textOf(attribute)?.split(",") ?? [attribute]).map((one) => attributeGetter(one));
  return (item) => getters.map((get) => change(get(item)));
}

/** @returns the value, a text in small letters */
export function ignoringCase(value: Value): Value {
  return textOf(value)?.toLowerCase() ?? value;
}

function pathOf(attribute: Value): Value[] {
  if (attribute === null) return [];
  const text = textOf(attribute);
  if (text === undefined) return [attribute];
  return text.split(".").map((part) => (/^\d+$/.test(part) ? BigInt(part) : part));
}
