import { expect, test } from "vitest";
import { knownSampling, parseSampling, SAMPLING_FIELDS, type SamplingName, withSampling } from "./sampling.js";

const parse = (name: SamplingName, text: string) =>
  parseSampling(SAMPLING_FIELDS.find((field) => field.name === name)!, text);

test.each<[SamplingName, string, object]>([
  ["temperature", "", {}],
  ["temperature", "  ", {}],
  ["temperature", "0", { value: 0 }],
  ["temperature", "0,7", { value: 0.7 }],
  ["temperature", "3", { problem: "At most 2." }],
  ["temperature", "hot", { problem: "Write a number." }],
  ["top_p", "0", { problem: "At least 0.01." }],
  ["top_k", "40", { value: 40 }],
  ["top_k", "1.5", { problem: "Write a whole number." }],
  ["max_tokens", "0", { problem: "At least 1." }],
  ["seed", "9007199254740993", { problem: "Write a whole number." }],
  ["seed", "-1", { problem: "At least 0." }],
])("%s %j", (name, text, expected) => {
  expect(parse(name, text)).toEqual(expected);
});

test("an unset parameter is absent, so that it is not sent", () => {
  expect(withSampling({ seed: 1 }, "top_k", 5)).toEqual({ seed: 1, top_k: 5 });
  expect(Object.keys(withSampling({ seed: 1, top_k: 5 }, "seed", undefined))).toEqual(["top_k"]);
});

test("storage is not trusted", () => {
  expect(knownSampling({ seed: 1, top_p: "0.5", stop: ["x"] })).toEqual({ seed: 1 });
  expect([knownSampling(null), knownSampling("x"), knownSampling(undefined)]).toEqual([{}, {}, {}]);
});
