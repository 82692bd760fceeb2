// What this GPU can do, measured in the same run: the yardsticks of every figure.
import { assertInternal, byteSize, type FloatDType, OctavoError, type Tensor, tensor } from "@octavo/core";
import type { BenchMemory } from "./bench-memory.js";
import { type Effort, measure } from "./timing.js";

/** Bytes that one read takes; less where the GPU has less. */
const READ_BYTES = 4 * 2 ** 30;
const SMALLEST_READ_BYTES = 2 ** 28;
const MATMUL_SIZE = 8192;

export interface Probes {
  /** GB/s of a plain read of GPU memory. */
  readonly readGigabytesPerSecond: number;
  /** Bytes of that read. */
  readonly readBytes: number;
  /** TFLOP/s of a square product of 8192 in the bench's dtype; null where it does not fit. */
  readonly matmulTeraflopsPerSecond: number | null;
}

export function measureProbes(memory: BenchMemory, dtype: FloatDType, effort: Effort): Probes {
  checkReadProbe(memory);
  const { bytes, gigabytesPerSecond } = measureRead(memory, effort);
  memory.clear();
  const matmulTeraflopsPerSecond = measureMatmul(memory, dtype, effort);
  memory.clear();
  return { readGigabytesPerSecond: gigabytesPerSecond, readBytes: bytes, matmulTeraflopsPerSecond };
}

/** A probe that does not read everything would make all shares wrong. */
function checkReadProbe(memory: BenchMemory): void {
  const { backend } = memory;
  const host = memory.hostNoise("float32");
  // Not a whole number of the kernel's pieces.
  const byteLength = byteSize("float32", host.shape) - 4096 + 16;
  const [device] = memory.random("float32", host.shape, 1);
  const sum = memory.scratch("int32", [1]);
  const copied = tensor("int32", [1], backend.allocateHost(4));
  using done = backend.createEvent();
  try {
    backend.timing.readProbe(sum, device!, byteLength);
    backend.copy(copied, sum, 4);
    done.record();
    done.wait();
    const { buffer, byteOffset } = host.storage.bytes!;
    const words = new Uint32Array(buffer, byteOffset, byteLength / 4);
    const expected = words.reduce((total, word) => (total + word) >>> 0, 0);
    const found = new Uint32Array(copied.storage.bytes!.buffer, copied.storage.bytes!.byteOffset, 1)[0]!;
    assertInternal(found === expected, () => `the read probe's sum is ${found}, ${expected} was expected`);
  } finally {
    copied.storage.dispose();
  }
}

function measureRead(memory: BenchMemory, effort: Effort): { bytes: number; gigabytesPerSecond: number } {
  const { timing } = memory.backend;
  const { bytes, data } = largest(memory);
  const sum = memory.scratch("int32", [1]);
  const { microseconds } = measure(timing, () => timing.readProbe(sum, data, bytes), 1, effort);
  return { bytes, gigabytesPerSecond: bytes / microseconds / 1000 };
}

/** A tensor of READ_BYTES, or what is left of it after halving until it fits. */
function largest(memory: BenchMemory): { bytes: number; data: Tensor } {
  for (let bytes = READ_BYTES; ; bytes /= 2) {
    try {
      return { bytes, data: memory.random("float32", [bytes / 4], 1)[0]! };
    } catch (error) {
      if (!OctavoError.isInstance(error, "OUT_OF_MEMORY") || bytes <= SMALLEST_READ_BYTES) throw error;
    }
  }
}

function measureMatmul(memory: BenchMemory, dtype: FloatDType, effort: Effort): number | null {
  const { ops, timing } = memory.backend;
  const shape = [MATMUL_SIZE, MATMUL_SIZE];
  try {
    const [weight] = memory.linears(MATMUL_SIZE, MATMUL_SIZE, dtype, 1);
    const [x] = memory.random(dtype, shape, 1);
    const [out] = memory.random(dtype, shape, 1);
    const { microseconds } = measure(timing, () => ops.linear(out!, x!, weight!), 1, effort);
    return (2 * MATMUL_SIZE ** 3) / microseconds / 1e6;
  } catch (error) {
    if (!OctavoError.isInstance(error, "OUT_OF_MEMORY")) throw error;
    return null;
  }
}
