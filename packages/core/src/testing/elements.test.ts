import { expect, test } from "vitest";
import type { DType } from "../dtype.js";
import { hostStorage } from "../storage.js";
import { tensor } from "../tensor.js";
import { copyElements, intsOf, load, store } from "./elements.js";

test.each(["float32", "float16", "bfloat16", "int32"] as const)("%s at every byte offset", (dtype: DType) => {
  for (let byteOffset = 0; byteOffset < 9; byteOffset++) {
    const t = tensor(dtype, [5], hostStorage(new Uint8Array(40)), byteOffset);
    store(t, 1, Float64Array.of(-3, 64, 0));
    const read = new Float64Array(5);
    load(read, t, 0);
    expect([...read]).toEqual([0, -3, 64, 0, 0]);
  }
});

test("elements outside of the storage are refused", () => {
  const t = tensor("float32", [4], hostStorage(new Uint8Array(16)));
  expect(() => load(new Float64Array(2), t, 3)).toThrow(expect.objectContaining({ code: "INTERNAL" }));
  expect(() => store(t, -1, new Float64Array(1))).toThrow(/outside/);
});

test("a disposed storage is an error", () => {
  const t = tensor("float32", [4], hostStorage(new Uint8Array(16)));
  t.storage.dispose();
  expect(() => load(new Float64Array(4), t, 0)).toThrow(expect.objectContaining({ code: "DISPOSED" }));
});

test("copies keep every bit, and refuse another dtype", () => {
  const from = tensor("float16", [2], hostStorage(Uint8Array.of(1, 0x7e, 2, 0xfe)));
  const to = tensor("float16", [2], hostStorage(new Uint8Array(4)));
  copyElements(to, 0, from, 0, 2);
  expect([...to.storage.bytes!]).toEqual([1, 0x7e, 2, 0xfe]);
  const other = tensor("bfloat16", [2], hostStorage(new Uint8Array(4)));
  expect(() => copyElements(other, 0, from, 0, 2)).toThrow(/cannot copy float16 bits/);
  expect(() => intsOf(from)).toThrow(/an int32 tensor was expected/);
});
