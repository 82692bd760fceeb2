// What a device must offer. Implementations: kernels-cpu, kernels-cuda, and in core/testing the null and reference ones.
import type { BlockFormat } from "./blocks/format.js";
import type { DType, FloatDType } from "./dtype.js";
import type { ExpertWeights } from "./experts.js";
import type { LinearPart, LinearSpec, LinearWeight } from "./linear.js";
import type { Ops } from "./ops.js";
import type { RandomValues } from "./random-fill.js";
import type { MemoryPurpose, Storage } from "./storage.js";
import type { Tensor } from "./tensor.js";

/** What a backend is and prefers, for the engine's choices and for reports. */
export interface BackendInfo {
  /** "cpu", "cuda", "null", "reference" */
  readonly name: string;
  /** For people: instruction set and threads, or the GPU's name. */
  readonly description: string;
  /** Dtypes that activations and the KV cache may have. */
  readonly dtypes: readonly FloatDType[];
  /**
   * Block formats whose linear layers are computed as they are. What lies in another is decoded to dense planes before
   * `prepareLinear`. Absent: none.
   */
  readonly blockFormats?: readonly BlockFormat[];
  /** Tokens a KV block that suit the attention kernel. */
  readonly blockSize: number;
  /** Bytes that are free for Octavo on this device now, before anything is loaded. */
  readonly availableBytes: number;
  /** Steps that may be in flight: 2 where the device runs beside the host, 1 where ops return when done. */
  readonly depth: 1 | 2;
  /** Set where the device has memory of its own, of which an engine takes a share; absent where it is the host's. */
  readonly dedicated?: DedicatedMemory;
}

/** Memory that only this device uses, though other processes may hold parts of it. */
export interface DedicatedMemory {
  /** Of the whole device, whoever holds it. */
  readonly totalBytes: number;
  /** What the driver keeps for this process beside what the backend gives out: context, kernels, libraries. */
  readonly contextBytes: number;
}

/** A point in the stream; `wait` returns when everything enqueued before `record` is done. */
export interface DeviceEvent extends Disposable {
  /** Marks this point of the stream; an earlier mark is forgotten. */
  record(): void;
  /** Blocks until it is reached. @throws what an op reported meanwhile, such as an id outside of its table */
  wait(): void;
  /** Frees the event. */
  dispose(): void;
}

/** Ops and copies that were captured once and run again as they are, with the same addresses and counts. */
export interface DeviceGraph extends Disposable {
  /** Device memory that it takes, as the driver reports it; also counted under "graphs". */
  readonly byteLength: number;
  /** Enqueues everything that was captured. */
  launch(): void;
  /** Frees what it takes; it must not be running. */
  dispose(): void;
}

/**
 * A device: memory, transfers, weights in its own layout, ops. All calls come from one thread and take effect in order.
 * `dispose()` frees everything the backend gave out.
 */
export interface Backend extends Disposable {
  /** What it is and prefers. */
  readonly info: BackendInfo;
  /** What it computes; see {@link Ops}. */
  readonly ops: Ops;

  /** Zeroed memory. @throws OUT_OF_MEMORY with what was asked and what is held by whom. */
  allocate(byteLength: number, purpose: MemoryPurpose): Storage;
  /** Host memory that the device can copy from and to at full speed (pinned on a GPU). Zeroed. */
  allocateHost(byteLength: number): Storage;
  /** Bytes held now, by purpose. */
  memory(): Readonly<Record<MemoryPurpose, number>>;

  /** A file's bytes as read-only host storage, mapped where the platform can. @throws CHECKPOINT when it cannot be read. */
  mapFile(path: string): Storage;
  /**
   * A tensor on the device in `dtype`; the tensor itself where nothing needs copying. The source lies on the host or in this
   * backend's own memory. It may be freed or changed at once only when the result is another tensor.
   */
  upload(source: Tensor, dtype: DType): Tensor;
  /**
   * Enqueues a copy of the first `byteLength` bytes between tensors of any device. Neither side may be freed or changed before an
   * event that was recorded afterwards has been waited for.
   */
  copy(destination: Tensor, source: Tensor, byteLength: number): void;
  /**
   * Enqueues the filling of a contiguous float tensor of this backend with uniform random values, from `low` to `high`. Every
   * backend gives the same bits; `RandomFill` has the formula. The null backend does nothing.
   * @throws INVALID_ARGUMENT for another kind of tensor, or values that are no range
   */
  fillRandom(target: Tensor, values: RandomValues): void;

  /**
   * Weights of a linear layer in the backend's own layout. The planes may be disposed of at once: what the backend uses where it
   * lies, it keeps.
   */
  prepareLinear(spec: LinearSpec): LinearWeight;
  /** Replaces part `index` of a prepared linear layer in place; addresses stay. */
  updateLinear(weight: LinearWeight, index: number, part: LinearPart): void;
  /**
   * Linear layers of one shape as the experts of a layer, by their ids. They may be updated in place, and must outlive their use here.
   * @throws INVALID_ARGUMENT for layers of different shapes or dtypes, of another backend, none or more than MOST_EXPERTS
   */
  prepareExperts(weights: readonly LinearWeight[]): ExpertWeights;

  /** An event that has not been recorded yet. */
  createEvent(): DeviceEvent;
  /**
   * Records what `enqueue` enqueues, without running it; absent where launching costs too little to save. Everything in it must
   * have run before, so that libraries are loaded and have chosen their algorithms. Nothing may be allocated, uploaded or waited for
   * in it. What the ops read from memory may differ at each launch, counts and addresses may not.
   * @throws OUT_OF_MEMORY, and what `enqueue` throws: nothing is captured then
   */
  capture?(enqueue: () => void): DeviceGraph;
  /** Frees what uploads pass through, until the next one; absent where they need nothing. */
  releaseStaging?(): void;
  /** Who holds the device's memory, in words for an error message; absent where it is the host's. */
  describeMemory?(): string;
  /** Waits for what is enqueued, then frees everything. */
  dispose(): void;
}

/** What a kernels package exports under the name `createBackend`. */
export type CreateBackend = (options?: BackendOptions) => Backend;

/** What may be chosen when a backend is made; each takes what concerns it. */
export interface BackendOptions {
  /** Threads of the CPU backend. Default: `OCTAVO_NUM_THREADS`, then the CPU quota. */
  readonly numThreads?: number;
  /** Instruction set of the CPU backend ("generic", "avx2", "avx512", "avx512bf16", "amx"). Default: `OCTAVO_CPU_ISA`, then the best there is. */
  readonly isa?: string;
  /** Which GPU, as CUDA numbers those that CUDA_VISIBLE_DEVICES leaves. Default 0. */
  readonly deviceIndex?: number;
  /** A row's bits do not depend on the rest of the batch: always so on the CPU, at a cost on a GPU. Default false. */
  readonly batchInvariant?: boolean;
}
