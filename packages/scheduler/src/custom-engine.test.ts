// The example must run as its reader runs it: by node, against the built packages.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

test("examples/custom-engine.mjs", () => {
  const script = fileURLToPath(new URL("../examples/custom-engine.mjs", import.meta.url));
  const output = execFileSync(process.execPath, [script], { encoding: "utf8" });
  expect(output.split("\n")).toEqual([
    "once upon a time, once uponce uponce uponce",
    "tick tock tick tick tick tick ",
    "once upon a time, a sheet was folded, a sheet shet shet shet ",
    expect.stringMatching(/^\d+ steps, 86 prompt tokens \(16 from the cache\), 48 sampled$/),
    "",
  ]);
});
