// The values of JSON as a template sees them.
import { Dict } from "./dict.js";
import { Undefined, type Value } from "./values.js";

/** @param value plain data; a number without a fraction is an integer, but not above 2^53, which no integer is after JSON.parse */
export function fromJs(value: unknown): Value {
  switch (typeof value) {
    case "string":
    case "boolean":
    case "bigint":
      return value;
    case "number":
      return Number.isSafeInteger(value) ? BigInt(value) : value;
    case "object":
      if (value === null) return null;
      if (Array.isArray(value)) return value.map(fromJs);
      return new Dict(entriesOf(value));
    default:
      return new Undefined("a value that is not JSON");
  }
}

/** Without the fields that are undefined, which JSON has not. */
function* entriesOf(object: object): Generator<readonly [Value, Value]> {
  for (const [key, value] of Object.entries(object)) if (value !== undefined) yield [key, fromJs(value)];
}
