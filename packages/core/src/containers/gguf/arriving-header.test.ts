import { expect, test } from "vitest";
import { ggufBytes } from "../../testing/gguf-writer.js";
import { arrivingGgufHeader } from "./arriving-header.js";

const data = new Uint8Array(4_000_000);
const tokens = Array.from({ length: 60_000 }, (_, i) => `token ${i}`);
const file = ggufBytes({ metadata: { tokens }, tensors: [{ name: "a", shape: [1_000_000], data }] });

/** Gives what is asked for, and notes how much that was. */
function arriving(bytes: Uint8Array, lengths: number[]) {
  return arrivingGgufHeader("m.gguf", bytes.length, async (length) => {
    lengths.push(length);
    return bytes.subarray(0, length);
  });
}

test("a header is asked for until it is there, in few steps and with little behind it", async () => {
  const lengths: number[] = [];
  const { metadata, tensors } = await arriving(file, lengths);
  const headerBytes = file.length - data.length;
  expect(metadata.get("tokens")).toHaveLength(60_000);
  expect(tensors.get("a")).toMatchObject({ shape: [1_000_000], byteOffset: headerBytes });
  expect(lengths.at(-1)).toBeLessThan(2 * headerBytes);
  expect(lengths.length).toBeLessThan(5);
});

test("a short file is asked for once; a damaged one is refused as on disk", async () => {
  const lengths: number[] = [];
  await arriving(ggufBytes({}), lengths);
  expect(lengths).toEqual([32]);
  await expect(arriving(file.subarray(0, 500_000), [])).rejects.toThrow(/m\.gguf is not a valid GGUF file/);
});
