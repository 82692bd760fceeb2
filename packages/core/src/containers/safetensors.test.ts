import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { OctavoError } from "../errors.js";
import { hostStorage } from "../storage.js";
import { bytesOf } from "../tensor.js";
import { type Random, seededRandom } from "../testing/random.js";
import { openSafetensors } from "./safetensors.js";

const folder = mkdtempSync(join(tmpdir(), "octavo-safetensors-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A file with this header, as text or as bytes, and so much data of counting bytes. */
function fileOf(header: string | Uint8Array, dataBytes = 64, length?: bigint): Uint8Array {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.byteLength + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.byteLength), true);
  bytes.set(text, 8);
  for (let i = 0; i < dataBytes; i++) bytes[8 + text.byteLength + i] = i;
  return bytes;
}

const open = (bytes: Uint8Array) => openSafetensors("model.safetensors", () => hostStorage(bytes));

function errorOf(bytes: Uint8Array): OctavoError {
  try {
    open(bytes);
  } catch (error) {
    if (OctavoError.isInstance(error)) return error;
    throw error;
  }
  throw new Error("the file was accepted");
}

const GOOD = {
  __metadata__: { format: "pt" },
  "model.a": { dtype: "F32", shape: [2, 3], data_offsets: [0, 24] },
  b: { dtype: "BF16", shape: [], data_offsets: [24, 26] },
  empty: { dtype: "I64", shape: [0, 5], data_offsets: [26, 26] },
  byte: { dtype: "U8", shape: [1], data_offsets: [26, 27] },
  odd: { dtype: "F16", shape: [3], data_offsets: [27, 33] },
  rest: { dtype: "U8", shape: [31], data_offsets: [33, 64] },
};

test("a good file, from disk", () => {
  const path = join(folder, "good.safetensors");
  writeFileSync(path, fileOf(JSON.stringify(GOOD)));
  const file = openSafetensors(path);
  expect(file.path).toBe(path);
  expect(file.metadata).toEqual({ format: "pt" });
  expect([...file.tensors.keys()]).toEqual(["model.a", "b", "empty", "byte", "odd", "rest"]);
  const a = file.tensors.get("model.a")!;
  expect([a.dtype, a.shape, a.strides]).toEqual(["float32", [2, 3], [3, 1]]);
  expect([...bytesOf(a)]).toEqual(Array.from({ length: 24 }, (_, i) => i));
  expect([...bytesOf(file.tensors.get("odd")!)]).toEqual([27, 28, 29, 30, 31, 32]);
  expect(file.tensors.get("b")!.shape).toEqual([]);
  expect(bytesOf(file.tensors.get("empty")!).byteLength).toBe(0);
});

test("an empty header, padding after the header and tensors in any order are fine", () => {
  expect(open(fileOf("{}", 0)).tensors.size).toBe(0);
  expect(open(fileOf(`${JSON.stringify(GOOD)}    `)).tensors.size).toBe(6);
  const backwards = Object.fromEntries(Object.entries(GOOD).reverse());
  expect(bytesOf(open(fileOf(JSON.stringify(backwards))).tensors.get("odd")!)[0]).toBe(27);
});

describe("tensors must cover the data without holes or overlap", () => {
  const bytes = (begin: number, end: number) => ({ dtype: "U8", shape: [end - begin], data_offsets: [begin, end] });
  test.each([
    ["overlap", { a: bytes(0, 8), b: bytes(4, 64) }, /tensor b starts at byte 4 .* ends at 8/],
    ["the same bytes twice", { a: bytes(0, 64), b: bytes(0, 64) }, /tensor b starts at byte 0/],
    ["a hole", { a: bytes(0, 8), b: bytes(12, 64) }, /bytes 8 to 12 .* before tensor b/],
    ["a hole at the start", { a: bytes(8, 64) }, /bytes 0 to 8/],
    ["bytes after the last", { a: bytes(0, 60) }, /bytes 60 to 64 of the data belong to no tensor/],
    ["an empty tensor inside of another", { a: bytes(0, 64), b: bytes(8, 8) }, /tensor b starts at byte 8/],
    ["data without tensors", {}, /bytes 0 to 64/],
  ])("%s", (_what, header, message) => {
    expect(errorOf(fileOf(JSON.stringify(header)))).toMatchObject({
      code: "CHECKPOINT",
      message: expect.stringMatching(message),
    });
  });
});

test("a git-lfs pointer is explained", () => {
  const text = `version https://git-lfs.github.com/spec/v1\noid sha256:${"0".repeat(64)}\nsize 269060552\n`;
  const error = errorOf(new TextEncoder().encode(text));
  expect(error).toMatchObject({ code: "CHECKPOINT", param: "model.safetensors" });
  expect(error.message).toMatch(/git-lfs pointer.*Run "git lfs pull"/);
});

test.each([
  ["F64", "float64"],
  ["F32", "float32"],
  ["I8", "int8"],
  ["BOOL", "bool"],
])("dtype %s is %s", (name, dtype) => {
  const header = { t: { dtype: name, shape: [0], data_offsets: [0, 0] } };
  expect(open(fileOf(JSON.stringify(header), 0)).tensors.get("t")!.dtype).toBe(dtype);
});

test("disposing the file empties its tensors' storage", () => {
  const file = open(fileOf(JSON.stringify(GOOD)));
  file.dispose();
  expect(file.tensors.get("b")!.storage.bytes!.byteLength).toBe(0);
});

test("a file that is missing, or a folder", () => {
  const path = join(folder, "missing.safetensors");
  expect(() => openSafetensors(path)).toThrow(expect.objectContaining({ code: "CHECKPOINT", param: path }));
  expect(() => openSafetensors(folder)).toThrow(/must be a file that this user may read/);
});

describe("damage to the file", () => {
  const damaged: [what: string, bytes: Uint8Array, message: RegExp][] = [
    ["no bytes", new Uint8Array(0), /it has 0 bytes/],
    ["seven bytes", new Uint8Array(7), /it has 7 bytes/],
    ["a header longer than the file", fileOf("{}", 4, 100n), /claims 100 bytes, the file has 14/],
    ["a header length of 2^64 - 1", fileOf("{}", 0, 2n ** 64n - 1n), /more than 100000000/],
    ["a header length of 2^63", fileOf("{}", 0, 2n ** 63n), /more than 100000000/],
    ["no header", fileOf(""), /not JSON/],
    ["a header that is no JSON", fileOf("{'a': 1}"), /not JSON/],
    ["a header cut short", fileOf('{"a":{"dtype":"F32"'), /not JSON/],
    ["NaN in the header", fileOf('{"a":{"dtype":"F32","shape":[NaN],"data_offsets":[0,4]}}'), /not JSON/],
    ["invalid UTF-8", fileOf(Uint8Array.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])), /not JSON/],
    ["a list as header", fileOf("[]"), /a JSON object was expected/],
    ["null as header", fileOf("null"), /null, a JSON object was expected/],
    ["a number as header", fileOf("12"), /12, a JSON object was expected/],
    ["a header nested a million deep", fileOf("[".repeat(1e6) + "]".repeat(1e6)), /a JSON object was expected/],
    ["metadata of numbers", fileOf('{"__metadata__":{"a":1}}'), /__metadata__/],
    ["metadata of null", fileOf('{"__metadata__":null}'), /__metadata__/],
  ];
  test.each(damaged)("%s", (_what, bytes, message) => {
    const error = errorOf(bytes);
    expect(error.code).toBe("CHECKPOINT");
    expect(error.message).toContain("model.safetensors");
    expect(error.message).toMatch(message);
    expect(error.message.length).toBeLessThan(1000);
  });
});

describe("damage to a tensor", () => {
  const deep = `${"[".repeat(2e5)}${"]".repeat(2e5)}`;
  const damaged: [what: string, entry: string, message: RegExp][] = [
    ["null", "null", /shape undefined/],
    ["a number", "3", /shape undefined/],
    ["no shape", '{"dtype":"F32","data_offsets":[0,4]}', /shape undefined/],
    ["a negative size", '{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}', /shape \[-1\]/],
    ["a fractional size", '{"dtype":"F32","shape":[1.5],"data_offsets":[0,6]}', /shape \[1.5\]/],
    ["a size as text", '{"dtype":"F32","shape":["1"],"data_offsets":[0,4]}', /shape \["1"\]/],
    ["a size of 1e400", '{"dtype":"F32","shape":[1e400],"data_offsets":[0,4]}', /shape \[Infinity\]/],
    ["sizes whose product overflows", `{"dtype":"F32","shape":[${2 ** 52},${2 ** 52}],"data_offsets":[0,4]}`, /needs/],
    ["infinity times zero", `{"dtype":"F32","shape":[${Array(30).fill(2 ** 52)},0],"data_offsets":[0,0]}`, /needs NaN/],
    ["a shape nested deep", `{"dtype":"F32","shape":${deep},"data_offsets":[0,4]}`, /shape \[\[\.\.\.\]\]/],
    [
      "a shape with a million sizes",
      `{"dtype":"F32","shape":[${Array(1e6).fill(1)},2],"data_offsets":[0,4]}`,
      /needs 8/,
    ],
    ["no offsets", '{"dtype":"F32","shape":[1]}', /data_offsets undefined/],
    ["one offset", '{"dtype":"F32","shape":[1],"data_offsets":[4]}', /data_offsets \[4\]/],
    ["three offsets", '{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}', /data_offsets \[0, 4, 8\]/],
    ["negative offsets", '{"dtype":"F32","shape":[1],"data_offsets":[-8,-4]}', /data_offsets \[-8, -4\]/],
    ["offsets as an object", '{"dtype":"F32","shape":[1],"data_offsets":{"0":0,"1":4,"length":2}}', /an object/],
    [
      "offsets beyond 2^53",
      '{"dtype":"F32","shape":[1],"data_offsets":[9007199254740992,9007199254740996]}',
      /data_offsets/,
    ],
    ["huge offsets", '{"dtype":"F32","shape":[1],"data_offsets":[1e15,1000000000000004]}', /the file holds 64/],
    ["offsets that go backwards", '{"dtype":"F32","shape":[1],"data_offsets":[8,4]}', /span -4/],
    [
      "a span of another size",
      '{"dtype":"F32","shape":[3],"data_offsets":[0,8]}',
      /needs 12 bytes, its data_offsets span 8/,
    ],
    [
      "an end after the data",
      '{"dtype":"F32","shape":[2],"data_offsets":[60,68]}',
      /ends at byte 68 of the data, the file holds 64/,
    ],
    ["no dtype", '{"shape":[1],"data_offsets":[0,4]}', /dtype undefined/],
    ["an unknown dtype", '{"dtype":"F8_E9M9","shape":[1],"data_offsets":[0,1]}', /dtype "F8_E9M9"/],
    [
      "a dtype that every object has",
      '{"dtype":"constructor","shape":[1],"data_offsets":[0,4]}',
      /dtype "constructor"/,
    ],
    ["__proto__ as a dtype", '{"dtype":"__proto__","shape":[1],"data_offsets":[0,4]}', /dtype "__proto__"/],
    ["an object as a dtype", '{"dtype":{"toString":1},"shape":[1],"data_offsets":[0,4]}', /dtype an object/],
    ["a list as a dtype", '{"dtype":["F32"],"shape":[1],"data_offsets":[0,4]}', /dtype \["F32"\]/],
  ];
  test.each(damaged)("%s", (_what, entry, message) => {
    const error = errorOf(fileOf(`{"fine":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"layer.7":${entry}}`));
    expect(error.code).toBe("CHECKPOINT");
    expect(error.message).toContain("model.safetensors");
    expect(error.message).toContain("layer.7");
    expect(error.message).toMatch(message);
    expect(error.message.length).toBeLessThan(1000);
  });
});

test("names that every object has are names like others", () => {
  const entry = (at: number) => `{"dtype":"U8","shape":[1],"data_offsets":[${at},${at + 1}]}`;
  const file = open(
    fileOf(`{"__proto__":${entry(0)},"constructor":${entry(1)},"__metadata__":{"__proto__":"x","toString":"y"}}`, 2),
  );
  expect([...file.tensors.keys()]).toEqual(["__proto__", "constructor"]);
  expect(({} as Record<string, unknown>).dtype).toBeUndefined();
  expect(Object.getPrototypeOf(file.metadata)).toBe(Object.prototype);
  expect(({} as Record<string, unknown>).x).toBeUndefined();
});

test("2,000 random mutations give tensors within the file, or CHECKPOINT", () => {
  const good = fileOf(JSON.stringify(GOOD));
  const outcomes = { read: 0, refused: 0 };
  for (let seed = 0; seed < 2000; seed++) {
    const bytes = mutate(good, seed);
    try {
      for (const [name, t] of open(bytes).tensors) {
        // bytesOf throws when a view leaves the storage.
        expect(bytesOf(t).byteOffset + bytesOf(t).byteLength, `seed ${seed}, ${name}`).toBeLessThanOrEqual(
          bytes.byteLength,
        );
      }
      outcomes.read++;
    } catch (error) {
      expect(OctavoError.isInstance(error, "CHECKPOINT"), `seed ${seed}: ${(error as Error).stack}`).toBe(true);
      outcomes.refused++;
    }
  }
  expect(outcomes.read).toBeGreaterThan(50);
  expect(outcomes.refused).toBeGreaterThan(1000);
});

/** Damages a few bytes: anywhere in the file, or in the header's text under a length that fits again. */
function mutate(good: Uint8Array, seed: number): Uint8Array {
  const random = seededRandom(seed);
  const headerEnd = good.byteLength - 64;
  if (random.integer(3) === 0) return Uint8Array.from(damage([...good], random));
  return fileOf(Uint8Array.from(damage([...good.subarray(8, headerEnd)], random)), 64);
}

/** Replaces, flips, removes, inserts, or cuts off, once to three times. */
function damage(bytes: number[], random: Random): number[] {
  const json = '0123456789-.eE"[]{},:';
  const character = () => json.charCodeAt(random.integer(json.length));
  for (let changes = 1 + random.integer(3); changes > 0 && bytes.length > 0; changes--) {
    const at = random.integer(bytes.length);
    const kind = random.integer(16);
    if (kind < 9) bytes[at] = character();
    else if (kind < 11) bytes[at] = bytes[at]! ^ (1 << random.integer(8));
    else if (kind < 13) bytes.splice(at, 1 + random.integer(4));
    else if (kind < 15) bytes.splice(at, 0, character(), character());
    else bytes.length = at;
  }
  return bytes;
}
