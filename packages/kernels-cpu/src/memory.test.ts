import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostStorage, openSafetensors, type Tensor, tensor } from "@octavo/core";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { make, values } from "../test/tensors.js";
import { CpuBackend } from "./index.js";

const folder = mkdtempSync(join(tmpdir(), "octavo-memory-"));
afterAll(() => rmSync(folder, { recursive: true }));

const backends: CpuBackend[] = [];
function createBackend(): CpuBackend {
  const backend = new CpuBackend({ numThreads: 1 });
  backends.push(backend);
  return backend;
}
afterEach(() => {
  for (const backend of backends.splice(0)) backend.dispose();
});

describe("allocation", () => {
  test.each([0, 1, 63, 4096, 3 << 20])("%i bytes are zeroed, aligned and counted", (byteLength) => {
    const backend = createBackend();
    const storage = backend.allocate(byteLength, "kv");
    expect(storage.bytes?.length).toBe(byteLength);
    expect(storage.bytes?.every((byte) => byte === 0)).toBe(true);
    expect(storage.address % 64).toBe(0);
    expect(storage.address).toBeGreaterThan(0);
    expect(backend.memory().kv).toBe(byteLength);
    storage.dispose();
    storage.dispose();
    expect(backend.memory().kv).toBe(0);
  });

  test("dispose detaches every view, and ops refuse the tensor", () => {
    const backend = createBackend();
    const t = make(backend, "float32", [2, 8], () => 1);
    const view = new Float32Array(t.storage.bytes!.buffer);
    t.storage.dispose();
    expect(view.length).toBe(0);
    expect(t.storage.bytes?.length).toBe(0);
    const live = make(backend, "float32", [2, 8], () => 1);
    expect(() =>
      backend.ops.rmsNorm(
        live,
        t,
        make(backend, "float32", [8], () => 1),
        0,
      ),
    ).toThrow(expect.objectContaining({ code: "DISPOSED" }));
  });

  test("more than the machine has is OUT_OF_MEMORY that says who holds what", () => {
    const backend = createBackend();
    backend.allocate(1 << 20, "weights");
    expect(() => backend.allocate(2 ** 46, "kv")).toThrow(
      expect.objectContaining({
        code: "OUT_OF_MEMORY",
        message: expect.stringMatching(/cannot allocate 67108864\.0 MiB for kv: .* weights 1\.0 MiB, kv 0\.0 MiB/),
      }),
    );
    expect(() => backend.allocate(-1, "kv")).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  });

  test("disposing the backend frees everything, and everything after that is DISPOSED", () => {
    const backend = createBackend();
    const storage = backend.allocate(100, "tables");
    const t = make(backend, "float32", [1, 4], () => 1);
    const weight = backend.prepareLinear(linearSpec(t));
    backend.dispose();
    backend.dispose();
    expect(storage.bytes?.length).toBe(0);
    expect(() => backend.allocate(1, "kv")).toThrow(expect.objectContaining({ code: "DISPOSED" }));
    expect(() => backend.ops.rmsNorm(t, t, t, 0)).toThrow();
    storage.dispose();
    weight.dispose();
  });
});

describe("copy and upload", () => {
  test("between native memory and plain bytes, in every direction", () => {
    const backend = createBackend();
    const plain = (...bytes: number[]) => tensor("uint8", [bytes.length], hostStorage(Uint8Array.from(bytes)));
    const native = tensor("uint8", [4], backend.allocate(4, "workspace"));
    backend.copy(native, plain(1, 2, 3, 4), 3);
    const other = tensor("uint8", [4], backend.allocateHost(4));
    backend.copy(other, native, 4);
    const back = plain(9, 9, 9, 9);
    backend.copy(back, other, 4);
    expect(Array.from(back.storage.bytes!)).toEqual([1, 2, 3, 0]);
    expect(() => backend.copy(native, other, 5)).toThrow(/cannot copy 5 bytes/);
    other.storage.dispose();
    expect(() => backend.copy(native, other, 4)).toThrow(/disposed/);
  });

  test("upload gives the tensor itself where nothing changes, else a copy", () => {
    const backend = createBackend();
    const native = make(backend, "float32", [3], (i) => i);
    expect(backend.upload(native, "float32")).toBe(native);
    expect(values(backend.upload(native, "bfloat16"))).toEqual([0, 1, 2]);
    const ids = tensor("int64", [1], hostStorage(new Uint8Array(8)));
    expect(backend.upload(ids, "int64").storage.address).not.toBe(0);
    const before = backend.memory().weights;
    expect(() => backend.upload(ids, "float32")).toThrow(expect.objectContaining({ code: "UNSUPPORTED" }));
    expect(backend.memory().weights).toBe(before);
  });
});

function linearSpec(...weights: Tensor[]) {
  const parts = weights.map((weight) => ({
    name: "layers.0.w",
    outFeatures: weight.shape[0]!,
    planes: { format: "dense" as const, weight },
  }));
  return { inFeatures: weights[0]!.shape[1]!, dtype: "float32" as const, parts };
}

describe("mapped files", () => {
  /** A safetensors file that holds `w`, float32 [2, 2] = 1, 2, 3, 4. */
  function checkpoint(name: string, cut = 0): string {
    const header = JSON.stringify({ w: { dtype: "F32", shape: [2, 2], data_offsets: [0, 16] } });
    const bytes = Buffer.concat([
      Buffer.alloc(8),
      Buffer.from(header),
      Buffer.from(Float32Array.of(1, 2, 3, 4).buffer),
    ]);
    bytes.writeBigUInt64LE(BigInt(header.length));
    const path = join(folder, name);
    writeFileSync(path, bytes.subarray(0, bytes.length - cut));
    return path;
  }

  test("a write through JavaScript changes neither the file nor anyone else's view", () => {
    const backend = createBackend();
    const path = checkpoint("whole.safetensors");
    const original = readFileSync(path);
    const storage = backend.mapFile(path);
    expect(Buffer.compare(storage.bytes!, original)).toBe(0);
    storage.bytes!.fill(7);
    expect(Buffer.compare(readFileSync(path), original)).toBe(0);
    expect(Buffer.compare(backend.mapFile(path).bytes!, original)).toBe(0);
    expect(Object.values(backend.memory()).every((bytes) => bytes === 0)).toBe(true);
  });

  test("missing, empty and cut files, and folders, are CHECKPOINT errors that name them", () => {
    const backend = createBackend();
    const empty = join(folder, "empty");
    writeFileSync(empty, "");
    for (const [path, reason] of [
      [join(folder, "missing"), /cannot open .*missing: No such file/],
      [empty, /empty is empty/],
      [folder, /is not a file/],
    ] as const) {
      expect(() => backend.mapFile(path)).toThrow(
        expect.objectContaining({ code: "CHECKPOINT", message: expect.stringMatching(reason) }),
      );
    }
    const cut = checkpoint("cut.safetensors", 5);
    expect(() => openSafetensors(cut, (path) => backend.mapFile(path))).toThrow(/tensor w ends at byte 16 .* holds 11/);
  });

  test("a linear layer reads its weight inside of the file, and keeps it when the file is closed", () => {
    const backend = createBackend();
    const file = openSafetensors(checkpoint("linear.safetensors"), (path) => backend.mapFile(path));
    const linear = backend.prepareLinear(linearSpec(file.tensors.get("w")!));
    expect(backend.memory().weights).toBe(0);
    file.dispose();
    const x = make(backend, "float32", [1, 2], (i) => i + 1);
    const out = make(backend, "float32", [1, 2]);
    backend.ops.linear(out, x, linear);
    expect(values(out)).toEqual([5, 11]);
    const replacement = make(backend, "bfloat16", [2, 2], (i) => -i);
    backend.updateLinear(linear, 0, linearSpec(replacement).parts[0]!);
    expect(backend.memory().weights).toBe(16);
    backend.ops.linear(out, x, linear);
    expect(values(out)).toEqual([-2, -8]);
    linear.dispose();
    linear.dispose();
    expect(backend.memory().weights).toBe(0);
  });

  test("updateLinear changes one part in place and refuses another shape", () => {
    const backend = createBackend();
    const host = (value: number, rows: number) =>
      tensor("float32", [rows, 2], hostStorage(new Uint8Array(new Float32Array(2 * rows).fill(value).buffer)));
    const linear = backend.prepareLinear(linearSpec(host(1, 1), host(2, 3)));
    const [x, out] = [make(backend, "float32", [1, 2], () => 1), make(backend, "float32", [1, 4])];
    backend.updateLinear(linear, 1, linearSpec(host(5, 3)).parts[0]!);
    backend.ops.linear(out, x, linear);
    expect(values(out)).toEqual([2, 10, 10, 10]);
    expect(() => backend.updateLinear(linear, 0, linearSpec(host(5, 3)).parts[0]!)).toThrow(
      /has shape \[3,2\], .*\[1,2\]/,
    );
    expect(() => backend.updateLinear(linear, 2, linearSpec(host(5, 3)).parts[0]!)).toThrow(/part 2, the layer has 2/);
  });

  test("updateLinear refuses a part that lost or got a bias", () => {
    const backend = createBackend();
    const zeros = (...shape: number[]) =>
      tensor("float32", shape, hostStorage(new Uint8Array(4 * shape.reduce((a, b) => a * b))));
    const [plain, biased] = linearSpec(zeros(3, 2), zeros(3, 2)).parts.map((part, i) =>
      i === 0 ? part : { ...part, bias: zeros(3) },
    );
    const linear = backend.prepareLinear({ inFeatures: 2, dtype: "float32", parts: [plain!, biased!] });
    backend.updateLinear(linear, 0, plain!);
    backend.updateLinear(linear, 1, biased!);
    expect(() => backend.updateLinear(linear, 0, biased!)).toThrow(/comes with a bias, it was prepared without one/);
    expect(() => backend.updateLinear(linear, 1, plain!)).toThrow(/comes without a bias, it was prepared with one/);
  });
});
