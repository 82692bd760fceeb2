import { expect, test } from "vitest";
import { exactInteger } from "./exact-integer.js";
import { parseJson } from "./parse-json.js";

test.each<[string, bigint | undefined]>([
  ['{"seed":9223372036854775807}', 2n ** 63n - 1n],
  ['{ "a": [1, {"seed": 5}], "seed" : -9223372036854775808 , "b": {"seed": 7} }', -(2n ** 63n)],
  ['{"seed":9007199254740993,"seed":9007199254740995}', 9007199254740995n],
  ['{"x":"seed","y":9007199254740993}', undefined],
  ['{"x":"\\"seed\\":9007199254740993"}', undefined],
  ['{"s\\u0065ed":9007199254740993}', 9007199254740993n],
  ['{"seed":1e300}', undefined],
  ['{"seed":"9007199254740993"}', undefined],
])("%s", (text, value) => {
  expect(exactInteger(Buffer.from(text), "seed")).toBe(value);
});

test("only a seed that a number cannot hold becomes a bigint", () => {
  const seedOf = (seed: string) => parseJson(Buffer.from(`{"seed":${seed}}`)).seed;
  expect(seedOf("9007199254740991")).toBe(9007199254740991);
  expect(seedOf("9007199254740993")).toBe(9007199254740993n);
  expect(seedOf("1e300")).toBe(1e300);
  expect(seedOf("1.5")).toBe(1.5);
  expect(seedOf('"7"')).toBe("7");
});
