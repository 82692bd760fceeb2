import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openSafetensors } from "./safetensors.js";
import { readHeaderOnly } from "./safetensors-header.js";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "octavo-header-"));
});

afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, header: string, dataBytes: number, claimed = header.length): string {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(claimed));
  const path = join(folder, name);
  writeFileSync(path, Buffer.concat([length, Buffer.from(header), Buffer.alloc(dataBytes)]));
  return path;
}

const HEADER = JSON.stringify({ a: { dtype: "F32", shape: [2, 3], data_offsets: [0, 24] } });

test("names, dtypes and shapes without the weights", () => {
  const path = write("good", HEADER, 24);
  const { tensors } = openSafetensors(path, readHeaderOnly);
  expect(tensors.get("a")).toMatchObject({ dtype: "float32", shape: [2, 3] });
  expect(tensors.get("a")!.storage).toMatchObject({ byteLength: 8 + HEADER.length + 24 });
  expect(tensors.get("a")!.storage.bytes).toHaveLength(8 + HEADER.length);
});

test.each([
  ["a file that is cut short", HEADER, 20, undefined, /holds 20/],
  ["a header longer than its file", HEADER, 0, 5000, /claims 5000 bytes/],
  ["a header of absurd length", HEADER, 24, 2 ** 52, /more than/],
  ["an empty file of 8 bytes", "", 0, 0, /not JSON/],
])("%s is refused as by the whole reader", (_name, header, dataBytes, claimed, message) => {
  const path = write("bad", header, dataBytes, claimed);
  expect(() => openSafetensors(path, readHeaderOnly)).toThrow(message);
});

test("a file that is missing", () => {
  expect(() => openSafetensors(join(folder, "none"), readHeaderOnly)).toThrow(/cannot read/);
});
