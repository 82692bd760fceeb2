// The addon's typed surface. Positional numbers only; addresses are plain numbers (below 2^53), dtypes are the codes of DTYPES
// in @octavo/core. The ops are those of every addon.
import type { NativeAddonBase, NativeOpCalls } from "@octavo/core/native";
import type { NativeCollectiveCalls } from "./native-collective-calls.js";

/** Raised when a function of the addon changes; csrc/binding/addon.cc has the same number. */
export const ADDON_VERSION = 7;

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

/** A GPU that CUDA sees. */
export interface Gpu {
  /** As the driver calls it. */
  readonly name: string;
  /** Compute capability, before the point. */
  readonly major: number;
  /** Compute capability, after the point. */
  readonly minor: number;
  /** How many it has. */
  readonly multiprocessors: number;
  /** Of its memory. */
  readonly totalBytes: number;
  /** Of the cache that all multiprocessors share. */
  readonly l2Bytes: number;
}

/** Bytes of a GPU's memory. */
export interface GpuMemory {
  readonly free: number;
  readonly total: number;
  /** What this process has taken through this addon, in all its threads. */
  readonly taken: number;
}

/** A process that computes on a GPU. */
export interface GpuProcess {
  readonly id: number;
  /** Its executable; empty where it cannot be seen. */
  readonly name: string;
  /** GPU memory that it holds; 0 where the driver does not say. */
  readonly bytes: number;
}

/** What CUDA finds on this machine. */
export interface GpuReport {
  /** CUDA's version of this build, as 1000 * major + 10 * minor. */
  readonly runtime: number;
  /** The same of the driver; 0: there is none. */
  readonly driver: number;
  /** What the kernels were compiled for, such as "80 90a". */
  readonly architectures: string;
  /** Why no GPU can be used and what to do; empty when one can. */
  readonly problem: string;
  /** Those that CUDA_VISIBLE_DEVICES leaves. */
  readonly gpus: readonly Gpu[];
}

/** A library that is opened when it is needed. */
export interface LibraryReport {
  /** As people call it. */
  readonly name: string;
  /** Whether it was found and has what is needed. */
  readonly usable: boolean;
  /** File and version, or why it cannot be used. */
  readonly found: string;
}

/** Every function throws an OctavoError; `backend` is the number that `createBackend` gave. */
export interface NativeAddon extends NativeAddonBase, NativeOpCalls, NativeCollectiveCalls {
  findGpus(): GpuReport;
  findLibraries(): LibraryReport[];
  createBackend(ordinal: number, batchInvariant: number): number;
  /** For people: which library multiplies matrices. */
  gemmOf(backend: number): string;
  disposeBackend(backend: number): void;
  memoryOf(backend: number): GpuMemory;
  gpuProcesses(backend: number): readonly GpuProcess[];
  synchronize(backend: number): void;
  /** @param timing 1 for one that keeps the time, else 0 */
  createEvent(backend: number, timing: number): number;
  recordEvent(backend: number, event: number): void;
  waitEvent(backend: number, event: number): void;
  disposeEvent(backend: number, event: number): void;

  beginCapture(backend: number): void;
  abortCapture(backend: number): void;
  endCapture(backend: number): number;
  graphBytes(backend: number, graph: number): number;
  launchGraph(backend: number, graph: number): void;
  disposeGraph(backend: number, graph: number): void;

  /** Between two events that keep the time; waits for `end`. */
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

  /** Between float dtypes, both sides in GPU memory. */
  convert(backend: number, to: number, toDtype: number, from: number, fromDtype: number, count: number): void;
  fillRandom(backend: number, out: number, dtype: number, seed: number, low: number, span: number, count: number): void;

  /** @param bias address of float32 [outFeatures], or 0; @param sameBias the same in `dtype` */
  createLinear(
    backend: number,
    inFeatures: number,
    outFeatures: number,
    dtype: number,
    weight: number,
    bias: number,
    sameBias: number,
  ): number;
  disposeLinear(backend: number, linear: number): void;
  /**
   * @param linears numbers of linear weights, int32 each
   * @param table GPU memory of 16 bytes for each, which is written
   */
  createExperts(backend: number, linears: Uint8Array, table: number): number;
  disposeExperts(backend: number, experts: number): void;
}
