// What must hold without a GPU, over an addon that only keeps books: memory goes back once, and never before the backend does.
import { type LinearPart, OctavoError, tensor } from "@octavo/core";
import { describe, expect, test } from "vitest";
import { DeviceTiming } from "./device-timing.js";
import { CudaLinearWeight } from "./linear-weight.js";
import { MemoryPool } from "./memory.js";
import type { NativeAddon } from "./native.js";

/** @param room bytes that can be allocated */
function bookkeeper(room: number) {
  const live = new Map<number, number>();
  const linears = new Set<number>();
  const calls: string[] = [];
  let next = 1;
  const taken = () => [...live.values()].reduce((sum, bytes) => sum + bytes, 0);
  const take = (byteLength: number) => {
    if (taken() + byteLength > room) throw new OctavoError({ code: "OUT_OF_MEMORY", message: "the GPU is full" });
    const id = next++;
    live.set(id, byteLength);
    return { id, address: 4096 * id, byteLength };
  };
  const native = {
    allocate: (_backend: number, byteLength: number) => take(byteLength),
    allocateHost: (_backend: number, byteLength: number) => ({
      ...take(byteLength),
      buffer: new ArrayBuffer(byteLength),
    }),
    detach: (buffer: ArrayBuffer) => {
      calls.push("detach");
      structuredClone(buffer, { transfer: [buffer] });
    },
    release: (_backend: number, id: number) => {
      calls.push("release");
      live.delete(id);
    },
    createLinear: () => {
      linears.add(next);
      return next++;
    },
    disposeLinear: (_backend: number, id: number) => linears.delete(id),
    ownBytes: () => 0,
    memoryOf: () => ({ free: room - taken(), total: room, taken: taken() }),
    gpuProcesses: () => [],
  };
  return { native: native as unknown as NativeAddon, live, linears, calls };
}

describe("the end of a backend", () => {
  test("takes host memory away from JavaScript and frees nothing by itself", () => {
    const { native, calls } = bookkeeper(1000);
    const pool = new MemoryPool(native, 0);
    const device = pool.allocate(100, "kv");
    const host = pool.allocateHost(10);
    const view = host.bytes!;
    pool.countGraph(50);
    pool.dispose();
    expect(calls).toEqual(["detach"]);
    expect([view.length, host.bytes!.length, host.address, device.address]).toEqual([0, 0, 0, 0]);
    expect(Object.values(pool.held)).toEqual([0, 0, 0, 0, 0]);
    device.dispose();
    host.dispose();
    expect(calls).toEqual(["detach"]);
  });

  test("comes after memory that was disposed before", () => {
    const { native, live, calls } = bookkeeper(1000);
    const pool = new MemoryPool(native, 0);
    const storage = pool.allocate(100, "kv");
    storage.dispose();
    storage.dispose();
    expect(calls).toEqual(["release"]);
    expect(live.size).toBe(0);
    expect(pool.held.kv).toBe(0);
  });
});

test("a probe reads no memory that was disposed", () => {
  const { native, calls } = bookkeeper(1000);
  const pool = new MemoryPool(native, 0);
  const storage = pool.allocate(64, "workspace");
  const timing = new DeviceTiming({ ...native, readProbe: () => calls.push("probe") } as NativeAddon, 0, () => true);
  const read = () => timing.readProbe(tensor("int32", [1], storage), tensor("int32", [4], storage, 16), 16);
  read();
  storage.dispose();
  expect(read).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  expect(calls).toEqual(["probe", "release"]);
});

test("host memory that is not there says how much was asked for", () => {
  const pool = new MemoryPool(bookkeeper(0).native, 0);
  const expected = {
    code: "OUT_OF_MEMORY",
    message: expect.stringContaining("cannot allocate 1.0 MiB of page-locked"),
  };
  expect(() => pool.allocateHost(2 ** 20)).toThrow(expect.objectContaining(expected));
});

describe("a linear weight that cannot be made", () => {
  const host = (shape: readonly number[]) =>
    tensor("float32", shape, {
      device: "host",
      byteLength: 4096,
      address: 64,
      bytes: undefined,
      dispose() {},
      [Symbol.dispose]() {},
    });
  const part: LinearPart = {
    name: "w",
    outFeatures: 4,
    planes: { format: "dense", weight: host([4, 8]) },
    bias: host([4]),
  };
  const spec = { inFeatures: 8, dtype: "bfloat16", parts: [part] } as const;

  test.each([10, 64, 80])("for lack of memory keeps none (of %i bytes)", (room) => {
    const { native, live, linears } = bookkeeper(room);
    const pool = new MemoryPool(native, 0);
    expect(() => new CudaLinearWeight(native, 0, pool, () => {}, spec)).toThrow(/the GPU is full/);
    expect([live.size, linears.size, pool.held.weights]).toEqual([0, 0, 0]);
  });

  test("because its upload failed keeps nothing", () => {
    const { native, live, linears } = bookkeeper(1000);
    const pool = new MemoryPool(native, 0);
    const write = () => {
      throw new Error("the GPU fell off the bus");
    };
    expect(() => new CudaLinearWeight(native, 0, pool, write, spec)).toThrow(/fell off/);
    expect([live.size, linears.size]).toEqual([0, 0]);
    using made = new CudaLinearWeight(native, 0, pool, () => {}, spec);
    expect([made.byteLength, live.size, linears.size]).toEqual([64 + 8, 3, 1]);
    made.dispose();
    expect([live.size, linears.size]).toEqual([0, 0]);
  });
});
