// A GPU as a Backend: one stream, which runs beside the host. Ops and copies are enqueued; events tell when they are done.
import {
  addressOf,
  type Backend,
  type BackendInfo,
  type BackendOptions,
  byteSize,
  bytesOf,
  checkArgument,
  type DeviceEvent,
  type DeviceGraph,
  DTYPES,
  type DType,
  type ExpertWeights,
  elementCount,
  FLOAT_DTYPES,
  isContiguous,
  isFloatDType,
  type LinearPart,
  type LinearSpec,
  type LinearWeight,
  type MemoryPurpose,
  OctavoError,
  type Ops,
  type RandomValues,
  randomFill,
  type Storage,
  type Tensor,
  tensor,
} from "@octavo/core";
import { type IsOwnWeight, NativeExpertWeights, NativeOps } from "@octavo/core/native";
import { CudaGraph } from "./cuda-graph.js";
import { DeviceTiming } from "./device-timing.js";
import { dedicatedMemory, describeGpuMemory } from "./gpu-memory.js";
import { CudaLinearWeight } from "./linear-weight.js";
import { loadNative } from "./load-native.js";
import { MemoryPool } from "./memory.js";
import type { NativeAddon } from "./native.js";

/** Tokens a KV block: a whole number of 16-byte loads in every layout, and little of the last one wasted. */
const BLOCK_SIZE = 16;

/** The addresses of a weight and of its bias. */
const EXPERT_ENTRY_BYTES = 16;

/** A backend as this package's other classes see it. */
export interface CudaHandle {
  readonly native: NativeAddon;
  /** What native calls know the backend by. */
  readonly id: number;
  readonly pool: MemoryPool;
}

/** The CUDA backend. @throws BACKEND_LOAD with what is missing and what to do, INVALID_ARGUMENT for a GPU that is not there */
export class CudaBackend implements Backend {
  readonly info: BackendInfo;
  readonly ops: Ops;
  /** What collectives build on. @internal */
  readonly handle: CudaHandle;
  /** Events that keep the time, and what measurements enqueue beside the ops. */
  readonly timing: DeviceTiming;
  readonly #native: NativeAddon;
  readonly #id: number;
  readonly #pool: MemoryPool;
  readonly #isOwn: IsOwnWeight;
  #open = true;

  /**
   * @param options `deviceIndex`; `batchInvariant`, by default `OCTAVO_BATCH_INVARIANT=1`
   */
  constructor(options: BackendOptions = {}) {
    const index = options.deviceIndex ?? 0;
    checkArgument(
      Number.isInteger(index) && index >= 0,
      () => `deviceIndex must be a whole number from 0 on, got ${index}`,
      "deviceIndex",
    );
    this.#native = loadNative();
    const batchInvariant = options.batchInvariant ?? process.env.OCTAVO_BATCH_INVARIANT === "1";
    this.#id = this.#native.createBackend(index, batchInvariant ? 1 : 0);
    this.#pool = new MemoryPool(this.#native, this.#id);
    this.handle = { native: this.#native, id: this.#id, pool: this.#pool };
    this.#isOwn = (weight): weight is CudaLinearWeight =>
      weight instanceof CudaLinearWeight && weight.backend === this.#id;
    this.ops = new NativeOps(this.#native, this.#id, this.#isOwn);
    this.timing = new DeviceTiming(this.#native, this.#id, () => this.#open);
    try {
      this.info = describeBackend(this.#native, this.#id, index, batchInvariant);
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  allocate(byteLength: number, purpose: MemoryPurpose): Storage {
    return this.#pool.allocate(byteLength, purpose);
  }

  allocateHost(byteLength: number): Storage {
    return this.#pool.allocateHost(byteLength);
  }

  memory(): Readonly<Record<MemoryPurpose, number>> {
    return this.#pool.held;
  }

  mapFile(path: string): Storage {
    return this.#pool.mapFile(path);
  }

  /** Always a copy in GPU memory. The source may change once this returns. */
  upload(source: Tensor, dtype: DType): Tensor {
    const uploaded = tensor(dtype, source.shape, this.#pool.allocate(byteSize(dtype, source.shape), "weights"));
    try {
      this.#write(addressOf(uploaded), dtype, source);
    } catch (error) {
      uploaded.storage.dispose();
      throw error;
    }
    return uploaded;
  }

  /**
   * Ends the threads that large uploads use (`OCTAVO_LOAD_THREADS`) and frees the page-locked and GPU buffers that uploads pass
   * through, some 64 MiB: for when a model is loaded. Waits for the GPU; the next upload makes them again.
   */
  releaseStaging(): void {
    this.#native.releaseStaging(this.#id);
  }

  copy(destination: Tensor, source: Tensor, byteLength: number): void {
    for (const { storage, byteOffset } of [destination, source]) {
      checkArgument(
        byteLength >= 0 && byteOffset + byteLength <= storage.byteLength,
        () => `cannot copy ${byteLength} bytes at byte ${byteOffset} of a storage of ${storage.byteLength}`,
        "byteLength",
      );
    }
    if (byteLength === 0) return;
    if (destination.storage.address !== 0 && source.storage.address !== 0) {
      this.#native.copy(
        this.#id,
        addressOf(destination),
        destination.storage.device === "device" ? 1 : 0,
        addressOf(source),
        source.storage.device === "device" ? 1 : 0,
        byteLength,
      );
    } else {
      this.#copyForeign(destination, source, byteLength);
    }
  }

  fillRandom(target: Tensor, values: RandomValues): void {
    const { dtype, seed, low, span } = randomFill(target, values);
    const count = elementCount(target.shape);
    this.#checkOwned(target);
    if (count > 0) this.#native.fillRandom(this.#id, addressOf(target), DTYPES[dtype].code, seed, low, span, count);
  }

  prepareLinear(spec: LinearSpec): LinearWeight {
    return new CudaLinearWeight(this.#native, this.#id, this.#pool, (...target) => this.#write(...target), spec);
  }

  updateLinear(weight: LinearWeight, index: number, part: LinearPart): void {
    checkArgument(weight instanceof CudaLinearWeight, "the weight was prepared by another backend", "weight");
    weight.update(index, part);
  }

  prepareExperts(weights: readonly LinearWeight[]): ExpertWeights {
    return new NativeExpertWeights(weights, this.#isOwn, (linears) => {
      const table = this.#pool.allocate(EXPERT_ENTRY_BYTES * weights.length, "weights");
      try {
        const id = this.#native.createExperts(this.#id, linears, table.address);
        const free = () => {
          if (this.#open) this.#native.disposeExperts(this.#id, id);
          table.dispose();
        };
        return { id, free };
      } catch (error) {
        table.dispose();
        throw error;
      }
    });
  }

  createEvent(): DeviceEvent {
    const native = this.#native;
    const backend = this.#id;
    const event = native.createEvent(backend, 0);
    const dispose = () => {
      if (this.#open) native.disposeEvent(backend, event);
    };
    return {
      record: () => native.recordEvent(backend, event),
      wait: () => native.waitEvent(backend, event),
      dispose,
      [Symbol.dispose]: dispose,
    };
  }

  capture(enqueue: () => void): DeviceGraph {
    return new CudaGraph(this.#native, this.#id, this.#pool, enqueue);
  }

  describeMemory(): string {
    return describeGpuMemory(this.#native, this.#id);
  }

  dispose(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#pool.dispose();
    this.#native.disposeBackend(this.#id);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** A copy with memory of JavaScript's own at one end: through page-locked memory, and done when this returns. */
  #copyForeign(destination: Tensor, source: Tensor, byteLength: number): void {
    const staging = this.#pool.allocateHost(byteLength);
    try {
      const staged = tensor("uint8", [byteLength], staging);
      if (source.storage.address === 0) staging.bytes!.set(foreignBytes(source, byteLength));
      else this.copy(staged, source, byteLength);
      this.#native.synchronize(this.#id);
      if (destination.storage.address === 0) foreignBytes(destination, byteLength).set(staging.bytes!);
      else this.copy(destination, staged, byteLength);
    } finally {
      staging.dispose();
    }
  }

  /** Writes a contiguous tensor, of the host or of this backend, to GPU memory at `address` as `dtype`. */
  #write(address: number, dtype: DType, source: Tensor): void {
    checkArgument(isContiguous(source), `a strided tensor [${source.shape}] cannot be uploaded`);
    if (source.dtype !== dtype && !(isFloatDType(dtype) && isFloatDType(source.dtype))) {
      throw new OctavoError({ code: "UNSUPPORTED", message: `cannot convert ${source.dtype} to ${dtype}` });
    }
    const count = elementCount(source.shape);
    if (count === 0) return;
    const codes = [DTYPES[dtype].code, DTYPES[source.dtype].code] as const;
    if (source.storage.device === "device") {
      this.#checkOwned(source);
      if (source.dtype === dtype)
        this.#native.copy(this.#id, address, 1, addressOf(source), 1, byteSize(dtype, source.shape));
      else this.#native.convert(this.#id, address, codes[0], addressOf(source), codes[1], count);
    } else if (source.storage.address === 0) {
      this.#native.uploadBytes(this.#id, address, codes[0], bytesOf(source), codes[1], count);
    } else {
      this.#native.upload(this.#id, address, codes[0], addressOf(source), codes[1], count);
    }
  }

  /** Throws unless a tensor lies in GPU memory that this backend holds. */
  #checkOwned({ shape, storage }: Tensor): void {
    checkArgument(
      storage.device === "device" && this.#pool.owns(storage),
      () => `a tensor [${shape}] does not lie in memory of this GPU backend, or that is disposed of`,
      "storage",
    );
  }
}

function describeBackend(native: NativeAddon, backend: number, index: number, batchInvariant: boolean): BackendInfo {
  const gpu = native.findGpus().gpus[index]!;
  return Object.freeze({
    name: "cuda",
    description: `${gpu.name}, ${Math.round(gpu.totalBytes / 2 ** 30)} GiB${batchInvariant ? ", batch-invariant" : ""}, GEMM ${native.gemmOf(backend)}`,
    dtypes: FLOAT_DTYPES,
    blockSize: BLOCK_SIZE,
    availableBytes: native.memoryOf(backend).free,
    depth: 2,
    dedicated: dedicatedMemory(native, backend),
  });
}

function foreignBytes({ storage, byteOffset }: Tensor, byteLength: number): Uint8Array {
  const bytes = storage.bytes?.subarray(byteOffset, byteOffset + byteLength);
  checkArgument(bytes?.length === byteLength, "cannot copy: a tensor's memory is disposed");
  return bytes;
}
