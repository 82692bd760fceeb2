// The addon's typed surface. Positional numbers only; addresses are plain numbers (below 2^53), dtypes are the codes of DTYPES
// in @octavo/core. The ops are those of every addon.
import type { NativeOpCalls } from "@octavo/core/native";

/** Raised when a function of the addon changes; csrc/binding/addon.cc has the same number. */
export const ADDON_VERSION = 2;

/** Memory that a backend gave out. */
export interface NativeMemory {
  readonly id: number;
  readonly address: number;
  readonly byteLength: number;
}

/** Host memory; `buffer` is a view of its first bytes. The backend owns the memory. */
export interface NativeHostMemory extends NativeMemory {
  readonly buffer: ArrayBuffer;
}

export interface Gpu {
  readonly name: string;
  /** Compute capability. */
  readonly major: number;
  readonly minor: number;
  readonly multiprocessors: number;
  readonly totalBytes: number;
  /** Of the cache that all multiprocessors share. */
  readonly l2Bytes: number;
}

/** What CUDA finds on this machine. */
export interface GpuReport {
  /** CUDA versions as 1000 * major + 10 * minor: of this build, and of the driver (0: there is none). */
  readonly runtime: number;
  readonly driver: number;
  /** What the kernels were compiled for, such as "80 90a". */
  readonly architectures: string;
  /** Why no GPU can be used and what to do; empty when one can. */
  readonly problem: string;
  readonly gpus: readonly Gpu[];
}

/** Every function throws an OctavoError; `backend` is the number that `createBackend` gave. */
export interface NativeAddon extends NativeOpCalls {
  readonly addonVersion: number;
  readonly planVersion: number;
  setErrorFactory(create: (code: string, message: string) => Error): void;

  findGpus(): GpuReport;
  createBackend(ordinal: number, batchInvariant: number): number;
  /** For people: which library multiplies matrices. */
  gemmOf(backend: number): string;
  disposeBackend(backend: number): void;
  freeBytes(backend: number): number;
  synchronize(backend: number): void;
  createEvent(backend: number): number;
  recordEvent(backend: number, event: number): void;
  waitEvent(backend: number, event: number): void;
  disposeEvent(backend: number, event: number): void;

  /** An event that keeps the time; otherwise like those of `createEvent`. */
  createTimingEvent(backend: number): number;
  /** Waits for `end`. */
  elapsedMicroseconds(backend: number, start: number, end: number): number;
  delay(backend: number, microseconds: number): void;
  readProbe(backend: number, sum: number, data: number, bytes: number): void;

  allocate(backend: number, byteLength: number): NativeMemory;
  allocateHost(backend: number, byteLength: number, viewBytes: number): NativeHostMemory;
  mapFile(backend: number, path: string, viewBytes: number): NativeHostMemory;
  detach(buffer: ArrayBuffer): void;
  release(backend: number, memory: number): void;
  copy(backend: number, to: number, toDevice: number, from: number, fromDevice: number, byteLength: number): void;
  upload(backend: number, to: number, toDtype: number, from: number, fromDtype: number, count: number): void;
  uploadBytes(backend: number, to: number, toDtype: number, bytes: Uint8Array, fromDtype: number, count: number): void;
  /** Frees what uploads pass through and ends their threads, until the next upload. */
  releaseStaging(backend: number): void;
  /** GPU memory held beside what `allocate` gave out. */
  ownBytes(backend: number): number;

  /** @param bias address of float32 [outFeatures], or 0 */
  createLinear(
    backend: number,
    inFeatures: number,
    outFeatures: number,
    dtype: number,
    weight: number,
    bias: number,
  ): number;
  disposeLinear(backend: number, linear: number): void;
}
