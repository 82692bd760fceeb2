import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { hostStorage } from "../../storage.js";
import { bytesOf, isContiguous } from "../../tensor.js";
import { openSafetensors } from "../safetensors.js";
import { readHeaderOnly } from "../safetensors-header.js";
import { openPickle } from "./pickle.js";
import { toContiguous } from "./to-contiguous.js";

const folder = fileURLToPath(new URL("../../../../../test/fixtures/pickle/", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "octavo-pickle-"));
afterAll(() => rmSync(scratch, { recursive: true }));
const refused = (message: RegExp) =>
  expect.objectContaining({ code: "CHECKPOINT", message: expect.stringMatching(message) });
const open = (bytes: Uint8Array) => openPickle("model.bin", () => hostStorage(bytes));

describe.each(["zip.bin", "legacy.bin", "protocol4.bin"])("%s", (name) => {
  const path = join(folder, name);
  const golden = openSafetensors(join(folder, "golden.safetensors"));

  test("has the tensors that torch saved", () => {
    const { tensors } = openPickle(path);
    expect([...tensors.keys()].sort()).toEqual([...golden.tensors.keys()].sort());
    for (const [key, expected] of golden.tensors) {
      const found = toContiguous(tensors.get(key)!, path);
      expect([key, found.dtype, found.shape]).toEqual([key, expected.dtype, expected.shape]);
      expect(Buffer.compare(bytesOf(found), bytesOf(expected)), key).toBe(0);
    }
  });

  test("tensors are views into the file, strided ones too", () => {
    const { tensors } = openPickle(path);
    const strided = [...tensors].filter(([, tensor]) => !isContiguous(tensor)).map(([key]) => key);
    expect(strided.sort()).toEqual(
      ["columns", "every_other", "transposed", "transposed.float16", "transposed.int64", "transposed.uint8"].sort(),
    );
    expect(new Set([...tensors.values()].map(({ storage }) => storage)).size).toBe(1);
    expect(tensors.get("tied")!.byteOffset).toBe(tensors.get("float32")!.byteOffset);
  });

  test("without its weights", () => {
    const { tensors } = openPickle(path, readHeaderOnly);
    expect(tensors.get("transposed.float16")).toMatchObject({
      dtype: "float16",
      shape: [5, 3, 4],
      strides: [1, 20, 5],
    });
  });

  test("cut anywhere it is refused", () => {
    const bytes = readFileSync(path);
    for (let length = 0; length < bytes.length; length += 37) {
      expect(() => open(bytes.subarray(0, length)), `${length}`).toThrow(refused(/model\.bin is not a PyTorch/));
    }
  });
});

test.each(["module.bin", "trained.bin"])("%s: what is no tensor is left out", (name) => {
  expect([...openPickle(join(folder, name)).tensors].map(([key, { dtype, shape }]) => [key, dtype, shape])).toEqual([
    ["0.weight", "float32", [2, 3]],
    ["0.bias", "float32", [2]],
    ["1.weight", "float32", [2]],
    ["1.bias", "float32", [2]],
    ["1.running_mean", "float32", [2]],
    ["1.running_var", "float32", [2]],
    ["1.num_batches_tracked", "int64", []],
  ]);
});

test.each([
  ["runs-code.bin", /global posix\.system is not allowed: this file would run code.*safetensors/],
  ["runs-code-legacy.bin", /global posix\.system is not allowed/],
  ["int16.bin", /tensor "weight" has dtype int16, which Octavo does not read/],
  ["expanded.bin", /tensor "weight" has 1000000 elements \(\[1000,1000\]\), its storage has 1/],
  ["no-tensors.bin", /no dictionary of tensors.*state_dict/],
  ["plain.bin", /neither as a zip file nor with PyTorch's magic number/],
])("%s", (name, message) => {
  expect(() => openPickle(join(folder, name))).toThrow(refused(message));
  try {
    openPickle(join(folder, name));
  } catch (error) {
    expect(error).toMatchObject({ param: join(folder, name) });
  }
});

/** A zip of stored entries, with zip64 records where `zip64`. */
function zip(
  entries: readonly (readonly [name: string, content: Uint8Array])[],
  { zip64 = false, method = 0 } = {},
): Buffer {
  const parts: Buffer[] = [];
  const records: Buffer[] = [];
  let at = 0;
  for (const [name, content] of entries) {
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(name.length, 26);
    const record = Buffer.alloc(46);
    record.writeUInt32LE(0x02014b50, 0);
    record.writeUInt16LE(method, 10);
    record.writeUInt16LE(name.length, 28);
    const extra = Buffer.alloc(zip64 ? 28 : 0);
    for (const place of [20, 24]) record.writeUInt32LE(zip64 ? 0xffffffff : content.length, place);
    record.writeUInt32LE(zip64 ? 0xffffffff : at, 42);
    if (zip64) {
      record.writeUInt16LE(28, 30);
      extra.writeUInt16LE(1, 0);
      extra.writeUInt16LE(24, 2);
      for (const [i, value] of [content.length, content.length, at].entries())
        extra.writeBigUInt64LE(BigInt(value), 4 + 8 * i);
    }
    records.push(record, Buffer.from(name), extra);
    parts.push(local, Buffer.from(name), Buffer.from(content));
    at += 30 + name.length + content.length;
  }
  const size = records.reduce((sum, { length }) => sum + length, 0);
  const end64 = Buffer.alloc(zip64 ? 76 : 0);
  if (zip64) {
    end64.writeUInt32LE(0x06064b50, 0);
    for (const [place, value] of [
      [32, entries.length],
      [40, size],
      [48, at],
      [64, at + size],
    ] as const)
      end64.writeBigUInt64LE(BigInt(value), place);
    end64.writeUInt32LE(0x07064b50, 56);
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(zip64 ? 0xffff : entries.length, 10);
  end.writeUInt32LE(zip64 ? 0xffffffff : size, 12);
  end.writeUInt32LE(zip64 ? 0xffffffff : at, 16);
  return Buffer.concat([...parts, ...records, end64, end]);
}

/** The opcodes of {"w": tensor}, with a tensor of `shape` over `count` float32. */
function pickleOf({ count = 4, offset = 0, shape = [4], strides = [1], before = "" } = {}): Buffer {
  const int = (value: number) => Buffer.from([0x8a, 8, ...Buffer.from(BigInt64Array.of(BigInt(value)).buffer)]);
  const text = (value: string) => Buffer.from([0x8c, value.length, ...Buffer.from(value)]);
  const sizes = (values: number[]) => Buffer.concat([Buffer.from("("), ...values.map(int), Buffer.from("t")]);
  return Buffer.concat([
    Buffer.from([0x80, 2]),
    Buffer.from(before, "latin1"),
    Buffer.from("}"),
    text("w"),
    Buffer.from("ctorch._utils\n_rebuild_tensor_v2\n(("),
    text("storage"),
    Buffer.from("ctorch\nFloatStorage\n"),
    text("0"),
    text("cpu"),
    int(count),
    Buffer.from("tQ"),
    int(offset),
    sizes(shape),
    sizes(strides),
    Buffer.from([0x89]),
    Buffer.from("}tRs."),
  ]);
}

const data = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
const model = (pickle: Uint8Array, more = {}) =>
  zip(
    [
      ["m/data.pkl", pickle],
      ["m/data/0", data],
    ],
    more,
  );

test.each([false, true])("zip64 %s", (zip64) => {
  expect([...bytesOf(open(model(pickleOf(), { zip64 })).tensors.get("w")!)]).toEqual([...data]);
});

test("beyond 4 GiB", () => {
  // A file with a hole: the directory and the weights lie where 32 bits do not reach.
  const path = join(scratch, "large.bin");
  const far = 2 ** 32 + 4096;
  const bytes = model(pickleOf(), { zip64: true });
  const shifted = Buffer.from(bytes);
  const directory = bytes.indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
  for (let at = directory; bytes.readUInt32LE(at) === 0x02014b50; at += 46 + 28 + bytes.readUInt16LE(at + 28)) {
    const place = at + 46 + bytes.readUInt16LE(at + 28) + 20;
    shifted.writeBigUInt64LE(bytes.readBigUInt64LE(place) + BigInt(far), place);
  }
  const end64 = bytes.indexOf(Buffer.from([0x50, 0x4b, 6, 6]));
  for (const place of [end64 + 48, end64 + 64])
    shifted.writeBigUInt64LE(bytes.readBigUInt64LE(place) + BigInt(far), place);
  const file = openSync(path, "w");
  writeSync(file, Buffer.from("PK\x03\x04"), 0, 4, 0);
  writeSync(file, shifted, 0, shifted.length, far);
  closeSync(file);
  const { byteOffset } = openPickle(path, readHeaderOnly).tensors.get("w")!;
  expect(byteOffset).toBe(far + bytes.indexOf(data));
});

describe("damage", () => {
  const shaped = (more: object) => model(pickleOf(more));
  test.each<[string, Uint8Array, RegExp]>([
    ["no bytes", new Uint8Array(0), /begins neither/],
    ["a git-lfs pointer", Buffer.from("version https://git-lfs.github.com/spec/v1\noid"), /Run "git lfs pull"/],
    ["no directory", Buffer.from("PK\x03\x04 and so on, for long enough"), /directory is missing/],
    ["no pickle", zip([["m/data/0", data]]), /0 entries data\.pkl/],
    [
      "an entry twice",
      zip([
        ["m/data.pkl", pickleOf()],
        ["m/data/0", data],
        ["m/data/0", data],
      ]),
      /"m\/data\/0" twice/,
    ],
    ["a storage that is missing", zip([["m/data.pkl", pickleOf()]]), /storage "0" is missing/],
    ["compressed", model(pickleOf(), { method: 8 }), /is compressed. Save it anew/],
    ["a storage larger than its entry", shaped({ count: 5 }), /"0" is to have 20 bytes, it has 16/],
    ["a shape beyond its storage", shaped({ shape: [5] }), /tensor "w" has 5 elements \(\[5\]\), its storage has 4/],
    ["an absurd shape", shaped({ shape: [2 ** 40, 2 ** 40], strides: [1, 1] }), /tensor "w" has 1.2.*e\+24 elements/],
    ["strides out of the storage", shaped({ shape: [2, 2], strides: [2 ** 45, 1] }), /tensor "w" reaches element 3518/],
    ["an offset out of the storage", shaped({ offset: 1 }), /tensor "w" reaches element 4/],
    ["a size below zero", shaped({ shape: [-4] }), /tensor "w" has a shape, strides or an offset/],
    ["strides for another shape", shaped({ strides: [1, 1] }), /tensor "w" has a shape, strides or an offset/],
    ["a name twice", model(Buffer.from("(X\x01\0\0\0wNX\x01\0\0\0wNd.", "latin1")), /"w" twice in a dictionary/],
    [
      "a name that is not UTF-8",
      model(Buffer.from("X\x01\0\0\0\xff.", "latin1")),
      /at byte 5 of its pickle is not UTF-8/,
    ],
    ["a global", model(pickleOf({ before: "cbuiltins\neval\n" })), /global builtins\.eval is not allowed/],
    [
      "a global by two texts",
      model(Buffer.from("\x8c\x02os\x8c\x06system\x93.", "latin1")),
      /global os\.system is not/,
    ],
    ["a class to make", model(Buffer.from("ctorch\nFloatStorage\n)\x81.", "latin1")), /calls float32, which is no/],
    ["a call of a text", model(Buffer.from("X\x01\0\0\0w)R.", "latin1")), /calls string, which is no/],
    ["an opcode of instances", model(Buffer.from("(ios\nsystem\n.", "latin1")), /opcode 0x69 \("i"\) at byte 1/],
    ["an extension", model(Buffer.from("\x82\x01.", "latin1")), /opcode 0x82 at byte 0/],
    ["an empty stack", model(Buffer.from(".")), /empty stack/],
    ["a mark that is missing", model(Buffer.from("t.")), /ends a list that was not begun/],
    ["a memo entry that is missing", model(Buffer.from("h\x07.", "latin1")), /entry 7 of its memo/],
    ["a memo entry of 4 billion", model(Buffer.from("Nr\xff\xff\xff\xff.", "latin1")), /more than 4000000 values/],
    ["a text of 4 GB", model(Buffer.from("X\xff\xff\xff\xff.", "latin1")), /needs byte 4294967300/],
    ["a number of 4 GB", model(Buffer.from("\x8b\xff\xff\xff\xff.", "latin1")), /an integer of 4294967295 bytes/],
    ["more lists than memory", model(Buffer.alloc(1_100_000, "]")), /makes more than 1000000/],
    ["more values than memory", model(Buffer.alloc(4_100_000, "N")), /makes more than 4000000 values/],
    [
      "a memo larger than memory",
      model(Buffer.concat([Buffer.from("N"), Buffer.alloc(8_100_000, 0x94)])),
      /4000000 values/,
    ],
    [
      "another magic number",
      Buffer.from("\x80\x02\x8a\x0a\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01.", "latin1"),
      /magic number/,
    ],
  ])("%s", (_what, bytes, message) => {
    expect(() => open(bytes)).toThrow(refused(message));
  });

  test("names that every object has are names like others", () => {
    const pickle = pickleOf();
    const at = pickle.indexOf(Buffer.from([0x8c, 1, 0x77]));
    const named = Buffer.concat([
      pickle.subarray(0, at),
      Buffer.from("\x8c\x09__proto__", "latin1"),
      pickle.subarray(at + 3),
    ]);
    expect([...open(model(named)).tensors.keys()]).toEqual(["__proto__"]);
  });
});

test("a file that is missing", () => {
  const path = join(scratch, "missing.bin");
  expect(() => openPickle(path)).toThrow(expect.objectContaining({ code: "CHECKPOINT", param: path }));
});

test("disposing empties the storage; a damaged file's is disposed of", () => {
  writeFileSync(join(scratch, "x.bin"), readFileSync(join(folder, "zip.bin")));
  const file = openPickle(join(scratch, "x.bin"));
  file.dispose();
  expect(file.tensors.get("float32")!.storage.bytes!.byteLength).toBe(0);
  const storage = hostStorage(readFileSync(join(folder, "runs-code.bin")));
  expect(() => openPickle("x", () => storage)).toThrow();
  expect(storage.bytes!.byteLength).toBe(0);
});
