import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { openSafetensors } from "../containers/safetensors.js";
import { bytesOf } from "../tensor.js";
import { decodeBlocks } from "./decode.js";
import { BLOCK_FORMATS, type BlockFormat, blockBytes, isBlockFormat } from "./format.js";

const golden = openSafetensors(
  fileURLToPath(new URL("../../../../test/fixtures/block-golden.safetensors", import.meta.url)),
);
const formats = Object.keys(BLOCK_FORMATS) as BlockFormat[];

describe.each(formats)("%s", (format) => {
  const blocks = golden.tensors.get(`${format}.blocks`)!;
  const values = golden.tensors.get(`${format}.values`)!;
  const { elements, bytes } = BLOCK_FORMATS[format];

  test("decodes to the bits of the gguf package", () => {
    expect(blocks.shape[1]).toBe(bytes);
    expect(values.shape).toEqual([blocks.shape[0], elements]);
    const out = new Float32Array(values.shape[0]! * elements);
    decodeBlocks(format, bytesOf(blocks), out);
    const expected = bytesOf(values);
    const wrong = out.findIndex((_, i) => {
      const at = 4 * i;
      return Buffer.compare(new Uint8Array(out.buffer, at, 4), expected.subarray(at, at + 4)) !== 0;
    });
    expect(wrong, `element ${wrong % elements} of block ${Math.floor(wrong / elements)}`).toBe(-1);
  });

  test("refuses what is not whole blocks", () => {
    const invalid = expect.objectContaining({ code: "INVALID_ARGUMENT" });
    expect(() => decodeBlocks(format, new Uint8Array(bytes), new Float32Array(elements - 1))).toThrow(invalid);
    expect(() => decodeBlocks(format, new Uint8Array(bytes - 1), new Float32Array(elements))).toThrow(invalid);
    expect(() => blockBytes(format, elements + 16)).toThrow(invalid);
    expect(blockBytes(format, 3 * elements)).toBe(3 * bytes);
  });
});

test("names of formats", () => {
  expect([...formats, "dense", "q9_k", "toString"].filter(isBlockFormat)).toEqual(formats);
});
