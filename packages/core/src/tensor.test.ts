import { expect, test } from "vitest";
import { hostStorage } from "./storage.js";
import {
  addressOf,
  byteSize,
  bytesOf,
  contiguousStrides,
  elementCount,
  isContiguous,
  reshape,
  slice,
  tensor,
} from "./tensor.js";

function float32(shape: number[]) {
  const values = Float32Array.from({ length: elementCount(shape) }, (_, i) => i);
  return tensor("float32", shape, hostStorage(new Uint8Array(values.buffer)));
}

test("sizes and strides", () => {
  expect(elementCount([])).toBe(1);
  expect(elementCount([3, 0, 2])).toBe(0);
  expect(byteSize("bfloat16", [3, 5])).toBe(30);
  expect(contiguousStrides([2, 3, 4])).toEqual([12, 4, 1]);
});

test("a tensor must fit its storage", () => {
  const storage = hostStorage(new Uint8Array(16));
  expect(() => tensor("float32", [5], storage)).toThrow(/needs 20 bytes, its storage has 16/);
  expect(() => tensor("float32", [4], storage, 4)).toThrow(/INVALID|needs 20/);
  expect(() => tensor("float32", [2], storage, -4)).toThrow();
  expect(tensor("float32", [0, 9], storage, 16).shape).toEqual([0, 9]);
});

test("tensors are frozen", () => {
  const t = float32([2]);
  expect(Object.isFrozen(t)).toBe(true);
});

test("slices are views at an offset", () => {
  const t = float32([4, 6]);
  const columns = slice(t, 1, 2, 5);
  expect(columns.shape).toEqual([4, 3]);
  expect(columns.strides).toEqual([6, 1]);
  expect(columns.byteOffset).toBe(8);
  expect(isContiguous(columns)).toBe(false);
  const rows = slice(t, 0, 1, 3);
  expect(isContiguous(rows)).toBe(true);
  expect([...new Float32Array(bytesOf(rows).slice().buffer)]).toEqual([6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]);
  expect(rows.storage).toBe(t.storage);
});

test.each([
  [1, 0, 7],
  [2, 0, 1],
  [0, -1, 2],
  [0, 3, 2],
  [-1, 0, 1],
])("slice of dimension %i from %i to %i is refused", (dim, start, end) => {
  expect(() => slice(float32([4, 6]), dim, start, end)).toThrow(/slice/);
});

test("reshape of contiguous and of strided tensors", () => {
  const t = float32([4, 6]);
  expect(reshape(t, [2, 2, 6]).strides).toEqual([12, 6, 1]);
  const strided = slice(t, 1, 2, 6);
  const split = reshape(strided, [4, 2, 2]);
  expect(split.strides).toEqual([6, 2, 1]);
  expect(split.byteOffset).toBe(8);
  expect(() => reshape(t, [5, 5])).toThrow(/cannot view/);
  expect(() => reshape(strided, [16])).toThrow(/cannot view strided/);
  expect(() => reshape(strided, [2, 2, 4])).toThrow(/cannot view strided/);
});

test("a strided column can lose its last dimension", () => {
  const column = reshape(slice(float32([4, 6]), 1, 2, 3), [4]);
  expect(column.strides).toEqual([6]);
  expect(column.byteOffset).toBe(8);
});

test("a dimension of one has any stride", () => {
  expect(isContiguous(slice(float32([4, 6]), 0, 1, 2))).toBe(true);
  expect(isContiguous(slice(slice(float32([4, 6]), 0, 1, 2), 1, 0, 3))).toBe(true);
});

test("bytes and addresses", () => {
  const t = slice(float32([4, 6]), 0, 2, 4);
  expect(addressOf(t)).toBe(48);
  expect(bytesOf(t).byteLength).toBe(48);
  expect(() => bytesOf(slice(t, 1, 0, 2))).toThrow(/not contiguous/);
  const device = { ...t.storage, device: "device" as const, bytes: undefined };
  expect(() => bytesOf({ ...t, storage: device as unknown as typeof t.storage })).toThrow(/no bytes on the host/);
});
