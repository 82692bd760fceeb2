import { describe, expect, test } from "vitest";
import { fillRopeTable, ropeFrequencies } from "./rope.js";
import type { RopeConfig } from "./rope-config.js";
import { planRopeTable } from "./rope-table.js";

const dim = 8;
const dynamic: RopeConfig = {
  theta: 10000,
  rotaryDim: dim,
  scaling: { type: "dynamic", factor: 4, trainedPositions: 16 },
};

function filled(config: RopeConfig, maxModelLen: number): { rows: Float32Array[]; offset(prompt: number): number } {
  const { shape, fill, ropeOffset } = planRopeTable(config, maxModelLen);
  const table = new Float32Array(shape[0] * shape[1]);
  fill(table);
  return {
    rows: Array.from({ length: shape[0] }, (_, i) => table.subarray(i * dim, (i + 1) * dim)),
    offset: ropeOffset,
  };
}

/** The row of `position` in a sequence of `length`. */
function expected(config: RopeConfig, length: number, position: number): Float32Array {
  const table = new Float32Array((position + 1) * dim);
  fillRopeTable(table, ropeFrequencies(config, length));
  return table.subarray(position * dim);
}

describe("planRopeTable", () => {
  test("one set of rows where length does not matter", () => {
    const { rows, offset } = filled({ theta: 10000, rotaryDim: dim, scaling: { type: "linear", factor: 2 } }, 64);
    expect(rows).toHaveLength(64);
    expect(offset(63)).toBe(0);
    expect(filled(dynamic, 16).rows).toHaveLength(16);
  });

  test("two sets for dynamic scaling beyond the trained length", () => {
    const { rows, offset } = filled(dynamic, 64);
    expect(rows).toHaveLength(128);
    expect([1, 16, 17, 63].map(offset)).toEqual([0, 0, 64, 64]);
    expect(rows[5]).toEqual(expected(dynamic, 16, 5));
    expect(rows[40]).toEqual(expected(dynamic, 41, 40));
    expect(rows[64 + 5]).toEqual(expected(dynamic, 64, 5));
    expect(rows[64 + 63]).toEqual(expected(dynamic, 64, 63));
    expect(rows[64 + 5]).not.toEqual(rows[5]);
  });

  test("longrope changes from short to long factors where a sequence grows beyond, and has long ones for long prompts", () => {
    const scaling = {
      type: "longrope",
      factor: 4,
      originalMaxPositions: 16,
      shortFactor: [1, 1, 1, 1],
      longFactor: [1, 2, 4, 8],
    } as const;
    const { rows, offset } = filled({ theta: 10000, rotaryDim: dim, scaling }, 64);
    const config = { theta: 10000, rotaryDim: dim, scaling };
    expect(offset(16)).toBe(0);
    expect(rows[15]).toEqual(expected(config, 16, 15));
    expect(rows[16]).toEqual(expected(config, 17, 16));
    expect(rows[offset(17) + 3]).toEqual(expected(config, 64, 3));
  });
});
