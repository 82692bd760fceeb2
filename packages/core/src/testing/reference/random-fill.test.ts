import { expect, test } from "vitest";
import { hostStorage } from "../../storage.js";
import { byteSize, type Tensor, tensor } from "../../tensor.js";
import { load } from "../elements.js";
import { createReferenceBackend } from "./reference-backend.js";

const backend = createReferenceBackend();

function filled(dtype: "float32" | "bfloat16", shape: number[], seed: number, low: number, high: number): number[] {
  const target = tensor(dtype, shape, hostStorage(new Uint8Array(byteSize(dtype, shape))));
  backend.fillRandom(target, { seed, low, high });
  const values = new Float64Array(shape.reduce((a, b) => a * b, 1));
  load(values, target, 0);
  return [...values];
}

test("the words of Random123's known answer, in order", () => {
  // Key (0, 0), counter 0: philox.test.ts has the source.
  const words = [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8];
  expect(filled("float32", [2, 2], 0, 0, 1)).toEqual(words.map((word) => (word >>> 8) / 2 ** 24));
  expect(filled("float32", [1, 4], 0, -8, 8)).toEqual(
    words.map((word) => Math.fround(-8 + Math.fround((16 * (word >>> 8)) / 2 ** 24))),
  );
});

test("values depend on seed and index only, and stay in range with its mean and variance", () => {
  const many = filled("float32", [300, 40], 7, -2, 1);
  expect(filled("float32", [37], 7, -2, 1)).toEqual(many.slice(0, 37));
  expect(filled("float32", [37], 8, -2, 1)).not.toEqual(many.slice(0, 37));
  expect(many.every((value) => value >= -2 && value <= 1)).toBe(true);
  const mean = many.reduce((a, b) => a + b) / many.length;
  const variance = many.reduce((a, b) => a + (b - mean) ** 2, 0) / many.length;
  // Five standard errors of each.
  expect(Math.abs(mean + 0.5)).toBeLessThan((5 * 0.866) / Math.sqrt(many.length));
  expect(Math.abs(variance - 0.75)).toBeLessThan((5 * 0.68) / Math.sqrt(many.length));
});

test("what cannot be filled is INVALID_ARGUMENT that names it", () => {
  const ints = tensor("int32", [4], hostStorage(new Uint8Array(16)));
  const floats = tensor("float32", [2, 2], hostStorage(new Uint8Array(16)));
  const strided: Tensor = { ...floats, strides: [1, 2] };
  const refused = (target: Tensor, values: object, param: string) =>
    expect(() => backend.fillRandom(target, { seed: 1, low: 0, high: 1, ...values })).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", param }),
    );
  refused(ints, {}, "target");
  refused(strided, {}, "target");
  refused(floats, { seed: -1 }, "seed");
  refused(floats, { seed: 2 ** 32 }, "seed");
  refused(floats, { low: 2 }, "low");
  refused(floats, { high: Number.POSITIVE_INFINITY }, "low");
});
