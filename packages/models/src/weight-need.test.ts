import { expect, test } from "vitest";
import { weightNeed } from "./weight-need.js";

const tensor = (name: string, dtype: string, shape: number[], byteLength = 0) => ({
  name,
  dtype,
  shape,
  byteLength,
  path: "x",
});

test("plain weights count in the dtype that they are kept in", () => {
  const tensors = [tensor("a.weight", "float32", [10, 10]), tensor("b.weight", "bfloat16", [5])];
  expect(weightNeed(tensors, { dtype: "bfloat16", packed: [] })).toEqual({
    dtype: "bfloat16",
    weightBytes: 210,
    packedBytes: 0,
    decodedFormats: [],
  });
});

test("blocks count as they lie where they are computed so, else decoded; tables in both forms", () => {
  const tensors = [
    tensor("token_embd.weight", "Q8_0", [4, 32], 136),
    tensor("blk.0.ffn_up.weight", "Q4_K", [2, 256], 288),
    tensor("blk.0.ffn_down.weight", "IQ4_XS", [2, 256], 272),
  ];
  expect(weightNeed(tensors, { dtype: "float16", packed: ["q8_0", "q4_k"] })).toEqual({
    dtype: "float16",
    weightBytes: 136 + 2 * 128 + 288 + 2 * 512,
    packedBytes: 136 + 288,
    decodedFormats: ["IQ4_XS"],
  });
  expect(weightNeed(tensors, { dtype: "float32", packed: [] })).toMatchObject({
    weightBytes: 4 * (128 + 512 + 512),
    decodedFormats: ["IQ4_XS", "Q4_K", "Q8_0"],
  });
});
