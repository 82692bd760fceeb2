// The bench's cases and figures, without a GPU.
import type { Ops } from "@octavo/core";
import { createNullBackend } from "@octavo/core/testing";
import { describe, expect, test } from "vitest";
import { benchRow, rowText } from "./report.js";
import { benchCases } from "./table.js";

const cases = benchCases("bfloat16");
const probes = { readGigabytesPerSecond: 4000, readBytes: 2 ** 32, matmulTeraflopsPerSecond: 800 };

function find(op: keyof Ops, name: string) {
  const found = cases.find((one) => one.op === op && one.model === "8B" && one.name === name);
  expect(found, name).toBeDefined();
  return found!;
}

test("every op has cases, in a quick bench too, and names tell them apart", () => {
  const ops = Object.keys(createNullBackend().ops).sort();
  expect([...new Set(cases.map(({ op }) => op))].sort()).toEqual(ops);
  expect([...new Set(cases.filter(({ quick }) => quick).map(({ op }) => op))].sort()).toEqual(ops);
  expect(new Set(cases.map(({ op, model, name }) => `${op} ${model} ${name}`)).size).toBe(cases.length);
});

describe("bytes and operations", () => {
  test("of a linear layer: weight, input, output", () => {
    const { bytes, flops } = find("linear", "qkv 4096 to 6144, 16 rows");
    expect(bytes).toBe(2 * 4096 * 6144 + 2 * 16 * (4096 + 6144));
    expect(flops).toBe(2 * 16 * 4096 * 6144);
  });

  test("of the last layer: its output is float32", () => {
    expect(find("linear", "lm_head 4096 to 128256, 1 row").bytes).toBe(2 * 4096 * (128256 + 1) + 4 * 128256);
  });

  test("of decoding: keys and values of every request", () => {
    const { bytes, flops } = find("pagedAttention", "decode, context 4k, 16 rows");
    expect(bytes).toBe(16 * 2 * 128 * (2 * 8 * 4096 + 2 * 32));
    expect(flops).toBe(16 * 4 * 32 * 128 * 4096);
  });

  test("of a prefill: half of the square", () => {
    expect(find("pagedAttention", "prefill, 1024 tokens").flops).toBe((4 * 32 * 128 * 1024 * 1025) / 2);
  });
});

test("a row has the shares of both probes; a skipped one says why", () => {
  const one = find("linear", "o 4096 to 4096, 1 row");
  const row = benchRow(one, { microseconds: 16.8, calls: 100, cached: false }, probes);
  expect(row.gigabytesPerSecond).toBeCloseTo(one.bytes / 16.8e3, 6);
  expect(row.readShare).toBeCloseTo(row.gigabytesPerSecond! / 4000, 9);
  expect(row.matmulShare).toBeCloseTo(row.teraflopsPerSecond! / 800, 9);
  expect(rowText(row)).toMatch(/16\.80 +1998 +50\.0 % +2\.00 +0\.2 %$/);
  const skipped = benchRow(one, { skipped: "no room (OUT_OF_MEMORY)" }, probes);
  expect(skipped.microseconds).toBeUndefined();
  expect(rowText(skipped)).toContain("skipped: no room");
});
