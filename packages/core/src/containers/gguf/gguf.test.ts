import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { OctavoError } from "../../errors.js";
import { hostStorage } from "../../storage.js";
import { bytesOf } from "../../tensor.js";
import { type GgufWriterOptions, ggufBytes } from "../../testing/gguf-writer.js";
import { isGguf, openGguf, readGgufBytes, readGgufHeaders } from "./gguf.js";

const folder = mkdtempSync(join(tmpdir(), "octavo-gguf-"));
afterAll(() => rmSync(folder, { recursive: true }));

const open = (bytes: Uint8Array) => openGguf("model.gguf", () => hostStorage(bytes));

function write(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

function errorOf(bytes: Uint8Array): OctavoError {
  try {
    open(bytes);
  } catch (error) {
    if (OctavoError.isInstance(error)) return error;
    throw error;
  }
  throw new Error("the file was accepted");
}

const counting = (length: number) => Uint8Array.from({ length }, (_, i) => i);

const GOOD: GgufWriterOptions = {
  metadata: {
    "general.architecture": "llama",
    "llama.block_count": 2,
    "llama.rope.freq_base": 0.5,
    yes: true,
    tokens: ["a", "\uFEFFb", "", "ü\u{1F600}"],
    scores: Float32Array.of(1.5, -2),
    types: Int32Array.of(1, -3),
    empty: Uint16Array.of(),
  },
  tensors: [
    { name: "a.weight", shape: [2, 3], data: counting(24) },
    { name: "b.weight", shape: [4, 32], type: 3, data: counting(80) },
    { name: "c", shape: [], type: 30, data: counting(2) },
    { name: "none", shape: [0, 5], data: counting(0) },
  ],
};

describe.each([
  ["its header alone", (path: string) => readGgufHeaders(path)],
  ["the whole file", (path: string) => openGguf(path)],
])("%s", (_name, read) => {
  test.each([2, 3])("version %d", (version) => {
    const { metadata, tensors } = read(write(`v${version}.gguf`, ggufBytes({ ...GOOD, version })));
    expect(Object.fromEntries(metadata)).toEqual(GOOD.metadata);
    expect([...tensors].map(([name, { shape }]) => [name, shape])).toEqual(
      GOOD.tensors!.map(({ name, shape }) => [name, shape]),
    );
  });
});

test("plain types become tensors, blocks become rows of bytes", () => {
  const { tensors } = open(ggufBytes(GOOD));
  const a = tensors.get("a.weight")!;
  expect(a).toMatchObject({
    type: "F32",
    blocks: false,
    path: "model.gguf",
    data: { dtype: "float32", shape: [2, 3] },
  });
  expect(bytesOf(a.data)).toEqual(counting(24));
  const b = tensors.get("b.weight")!;
  expect(b).toMatchObject({ type: "Q4_1", blocks: true, shape: [4, 32], data: { dtype: "uint8", shape: [4, 20] } });
  expect(bytesOf(b.data)).toEqual(counting(80));
  expect(tensors.get("c")).toMatchObject({ type: "BF16", data: { dtype: "bfloat16", shape: [] } });
});

test("a header longer than what is read at once, and one tensor's bytes", () => {
  const tokens = Array.from({ length: 300_000 }, (_, i) => `token${i}`);
  const path = write("long.gguf", ggufBytes({ ...GOOD, metadata: { tokens } }));
  const { metadata, tensors } = readGgufHeaders(path);
  expect(metadata.get("tokens")).toEqual(tokens);
  expect(readGgufBytes(tensors.get("b.weight")!)).toEqual(counting(80));
});

test("another alignment", () => {
  const bytes = ggufBytes({ ...GOOD, metadata: { "general.alignment": 256 }, alignment: 256 });
  expect(bytesOf(open(bytes).tensors.get("b.weight")!.data)).toEqual(counting(80));
});

test("isGguf goes by name or by the first bytes", () => {
  const bytes = ggufBytes(GOOD);
  expect(isGguf(write("blob", bytes))).toBe(true);
  expect(isGguf("/nowhere/model.GGUF")).toBe(true);
  expect([write("text", Buffer.from("GG")), folder, join(folder, "missing")].map(isGguf)).toEqual([
    false,
    false,
    false,
  ]);
});

test("disposing empties the tensors' storage; a damaged file's is disposed of", () => {
  const file = open(ggufBytes(GOOD));
  file.dispose();
  expect(file.tensors.get("c")!.data.storage.bytes!.byteLength).toBe(0);
  const storage = hostStorage(ggufBytes(GOOD).subarray(0, 200));
  expect(() => openGguf("model.gguf", () => storage)).toThrow(OctavoError);
  expect(storage.bytes!.byteLength).toBe(0);
});

describe("split files", () => {
  const part = (no: number, count: number, name: string, more = {}) =>
    ggufBytes({
      metadata: {
        "split.no": no,
        "split.count": count,
        "split.tensors.count": 3,
        ...(no === 0 ? { first: true } : {}),
        ...more,
      },
      tensors: [{ name, shape: [1], data: counting(4) }],
    });
  const names = [1, 2, 3].map((i) => `m-0000${i}-of-00003.gguf`);

  test("open together, whichever is named", () => {
    const paths = names.map((name, i) => write(name, part(i, 3, `t${i}`)));
    for (const path of paths) {
      for (const { metadata, tensors } of [openGguf(path), readGgufHeaders(path)]) {
        expect(metadata.get("first")).toBe(true);
        expect([...tensors].map(([name, tensor]) => [name, tensor.path])).toEqual(paths.map((p, i) => [`t${i}`, p]));
      }
    }
  });

  test.each([
    ["one is missing", ["t0", "t1", null], undefined, /3-of-00003.gguf/],
    ["two have the same tensor", ["t0", "t1", "t1"], undefined, /3-of-00003.gguf .* tensor t1 is in .*2-of-00003/],
    [
      "tensors are missing",
      ["t0", "t1", "t2"],
      { "split.tensors.count": 4 },
      /1-of-00003.gguf .* 4 tensors, its 3 files have 3/,
    ],
    [
      "they are another model's",
      ["t0", "t1", "t2"],
      { "split.count": 2 },
      /1-of-00003.gguf .* split 0 of 2, by its name it is 0 of 3/,
    ],
  ])("%s", (_what, tensors, more, message) => {
    for (const [i, name] of names.entries()) {
      rmSync(join(folder, name), { force: true });
      const tensor = tensors[i];
      if (tensor) write(name, part(i, 3, tensor, more));
    }
    const failed = expect.objectContaining({ code: "CHECKPOINT", message: expect.stringMatching(message) });
    expect(() => openGguf(join(folder, names[0]!))).toThrow(failed);
    expect(() => readGgufHeaders(join(folder, names[1]!))).toThrow(failed);
  });

  test("a part under another name", () => {
    expect(() => openGguf(write("renamed.gguf", part(1, 3, "t1")))).toThrow(/one of 3 files, but its name/);
  });
});

describe("damage", () => {
  const tensor = { name: "w", shape: [8], data: counting(32) } as const;
  const lists = (type: number, count: bigint) => ({ metadata: { k: { type, count, bytes: new Uint8Array(64) } } });
  const huge = 2n ** 63n;
  test.each<[string, Uint8Array, RegExp, string?]>([
    ["no bytes", new Uint8Array(0), /it has 0 bytes/],
    ["another format", Buffer.from("PK".repeat(20)), /does not begin with GGUF/],
    ["a git-lfs pointer", Buffer.from("version https://git-lfs.github.com/spec/v1\noid"), /Run "git lfs pull"/],
    ["version 1", ggufBytes({ version: 1 }), /version 1/, "UNSUPPORTED"],
    ["version 4", ggufBytes({ version: 4 }), /version 4/, "UNSUPPORTED"],
    ["big-endian", ggufBytes({ version: 3 * 2 ** 24 }), /big-endian/, "UNSUPPORTED"],
    ["more keys than bytes", ggufBytes({ pairCount: huge }), /count of metadata keys claims/],
    ["more tensors than bytes", ggufBytes({ tensorCount: huge }), /count of tensors claims/],
    [
      "a text longer than the file",
      ggufBytes({ metadata: { k: { type: 8, count: 1n, bytes: Buffer.alloc(8, 0xff) } } }),
      /text "k" claims/,
    ],
    ["a list of texts longer than the file", ggufBytes(lists(8, 2n ** 40n)), /list "k" claims 1099511627776 values/],
    ["a list of bytes longer than the file", ggufBytes(lists(0, huge)), /list "k" claims/],
    ["a list of lists longer than the file", ggufBytes(lists(9, huge)), /list "k" claims/],
    [
      "lists nested deep",
      ggufBytes({
        metadata: { k: { type: 9, count: 1n, bytes: Buffer.from("090000000100000000000000".repeat(1000), "hex") } },
      }),
      /deeper than 4/,
    ],
    ["an unknown value type", ggufBytes(lists(13, 1n)), /key "k" has the unknown type 13/],
    [
      "a key twice",
      ggufBytes({
        metadata: [
          ["k", 1],
          ["k", 2],
        ],
      }),
      /key "k" comes twice/,
    ],
    ["an alignment of 24", ggufBytes({ metadata: { "general.alignment": 24 } }), /general.alignment is 24/],
    ["an alignment of 0", ggufBytes({ metadata: { "general.alignment": 0 } }), /general.alignment is 0/],
    ["an alignment as text", ggufBytes({ metadata: { "general.alignment": "32" } }), /general.alignment is 32/],
    ["a tensor twice", ggufBytes({ tensors: [tensor, tensor] }), /tensor "w" comes twice/],
    ["five dimensions", ggufBytes({ tensors: [{ ...tensor, shape: [1, 1, 2, 2, 2] }] }), /5 dimensions/],
    ["a size of 2^63", ggufBytes({ tensors: [{ ...tensor, shape: [huge] }] }), /tensor "w" \(F32 .*needs/],
    ["sizes whose product overflows", ggufBytes({ tensors: [{ ...tensor, shape: [huge, huge, huge, 32] }] }), /needs/],
    ["nothing of something huge", ggufBytes({ tensors: [{ ...tensor, shape: [0, huge] }] }), /needs 0 bytes/],
    ["an unknown type", ggufBytes({ tensors: [{ ...tensor, type: 99 }] }), /type 99, which Octavo does not know/],
    [
      "half a block",
      ggufBytes({ tensors: [{ ...tensor, shape: [2, 16], type: 2 }] }),
      /rows of 16 elements, not a multiple of 32/,
    ],
    ["an offset off the alignment", ggufBytes({ tensors: [{ ...tensor, offset: 8 }] }), /starts at byte 8 of the data/],
    [
      "an offset after the file",
      ggufBytes({ tensors: [{ ...tensor, offset: 64 }] }),
      /tensor "w" ends at byte 160, the file has 96/,
    ],
    ["an offset of 2^63", ggufBytes({ tensors: [{ ...tensor, offset: huge }] }), /ends at byte/],
    [
      "tensors over each other",
      ggufBytes({ tensors: [tensor, { ...tensor, name: "v", shape: [16], data: counting(64), offset: 0 }] }),
      /tensor "v" starts at byte .* inside of another/,
    ],
    ["a cut inside of a tensor", ggufBytes({ tensors: [tensor] }).subarray(0, 80), /cut short/],
    ["a cut inside of the header", ggufBytes(GOOD).subarray(0, 100), /left of the file|cut short/],
  ])("%s", (_what, bytes, message, code = "CHECKPOINT") => {
    const error = errorOf(bytes);
    expect(error).toMatchObject({ code, param: "model.gguf", message: expect.stringMatching(message) });
    expect(error.message).toContain("model.gguf");
    expect(error.message.length).toBeLessThan(500);
  });

  test("a file that is missing, or a folder", () => {
    const path = join(folder, "missing.gguf");
    for (const read of [openGguf, readGgufHeaders]) {
      expect(() => read(path)).toThrow(expect.objectContaining({ code: "CHECKPOINT", param: path }));
      expect(() => read(folder)).toThrow(/must be a file that this user may read/);
    }
  });
});

test("names that every object has are names like others", () => {
  const { metadata, tensors } = open(
    ggufBytes({
      metadata: [
        ["__proto__", "x"],
        ["constructor", "y"],
      ],
      tensors: [{ name: "__proto__", shape: [1], data: counting(4) }],
    }),
  );
  expect([...metadata.keys()]).toEqual(["__proto__", "constructor"]);
  expect([...tensors.keys()]).toEqual(["__proto__"]);
});
