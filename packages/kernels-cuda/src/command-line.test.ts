import { describe, expect, test } from "vitest";
import { runBench } from "./bench/run-bench.js";
import { parseCommand, USAGE } from "./command-line.js";
import { verify } from "./verify.js";

test("flags become the options of their command", () => {
  expect(parseCommand(["info"])).toEqual({ name: "info" });
  expect(parseCommand(["verify"])).toEqual({ name: "verify", options: { deviceIndex: 0 } });
  expect(parseCommand(["verify", "--op", "rope", "--batch-invariant", "--device", "3"])).toEqual({
    name: "verify",
    options: { op: "rope", batchInvariant: true, deviceIndex: 3 },
  });
  expect(parseCommand(["bench", "--quick", "--json", "--dtype=float16"])).toEqual({
    name: "bench",
    options: { quick: true, dtype: "float16", deviceIndex: 0 },
    json: true,
  });
});

test.each([["--help"], ["bench", "--help"], ["verify", "-h"]])("help runs nothing: %s %s", (...args) => {
  expect(parseCommand(args.filter(Boolean))).toEqual({ name: "help" });
});

test.each([
  ["no command", [], /a command is missing/],
  ["another command", ["test"], /no command test; there are info, verify, bench/],
  ["a flag of another command", ["verify", "--quick"], /'--quick'/],
  ["a flag before the command", ["--quick", "bench"], /no command --quick/],
  ["a flag where there are none", ["info", "--json"], /'--json'/],
  ["a second command", ["info", "bench"], /'bench'/],
  ["a flag without its value", ["bench", "--op"], /--op/],
  ["a GPU that is no number", ["bench", "--device", "one"], /--device one/],
  ["another dtype", ["bench", "--dtype", "int8"], /int8 is none of float32/],
])("%s is INVALID_ARGUMENT", (_name, args, message) => {
  const expected = { code: "INVALID_ARGUMENT", message: expect.stringMatching(message) };
  expect(() => parseCommand(args)).toThrow(expect.objectContaining(expected));
});

test("the usage has every flag", () => {
  for (const flag of ["--op", "--batch-invariant", "--device", "--quick", "--dtype", "--json"]) {
    expect(USAGE).toContain(`${flag} `);
  }
});

describe("an op that does not exist is INVALID_ARGUMENT before any GPU is looked for", () => {
  const expected = { code: "INVALID_ARGUMENT", message: expect.stringMatching(/no op softmax; there are .*rmsNorm/) };
  test("in verify", () => expect(() => verify({ op: "softmax" })).toThrow(expect.objectContaining(expected)));
  test("in bench", () => expect(() => runBench({ op: "softmax" })).toThrow(expect.objectContaining(expected)));
});
