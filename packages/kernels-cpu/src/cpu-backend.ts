// The CPU as a Backend: host memory is device memory, and an op is done when its call returns.
import {
  addressOf,
  type Backend,
  type BackendInfo,
  type BackendOptions,
  BLOCK_FORMATS,
  type BlockPlanes,
  byteSize,
  bytesOf,
  COMPUTED_FORMATS,
  checkArgument,
  type DeviceEvent,
  DTYPES,
  type DType,
  type ExpertWeights,
  elementCount,
  FLOAT_DTYPES,
  type FloatDType,
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
import { CpuLinearWeight, type WeightWriter } from "./linear-weight.js";
import { loadNative } from "./load-native.js";
import { availableMemory, cpuLimit } from "./machine-limits.js";
import { MemoryPool } from "./memory.js";
import type { NativeAddon } from "./native.js";

/** Tokens a KV block: small enough that little of the last one is wasted, large enough for two vectors of scores. */
const BLOCK_SIZE = 16;

/** The CPU backend. `numThreads` includes the calling thread. @throws BACKEND_LOAD, INVALID_ARGUMENT */
export class CpuBackend implements Backend {
  readonly info: BackendInfo;
  readonly ops: Ops;
  readonly #native: NativeAddon;
  readonly #id: number;
  readonly #pool: MemoryPool;
  readonly #isOwn: IsOwnWeight;
  #open = true;

  constructor(options: BackendOptions = {}) {
    this.#native = loadNative();
    const cpus = cpuLimit();
    const threads = threadCount(options.numThreads, Math.ceil(cpus));
    const spin = threads <= cpus ? 1 : 0;
    this.#id = this.#native.createBackend(threads, spin, options.isa ?? process.env.OCTAVO_CPU_ISA ?? "");
    this.#pool = new MemoryPool(this.#native, this.#id);
    this.#isOwn = (weight): weight is CpuLinearWeight =>
      weight instanceof CpuLinearWeight && weight.backend === this.#id;
    this.ops = new NativeOps(this.#native, this.#id, this.#isOwn);
    this.info = Object.freeze({
      name: "cpu",
      description: `${this.#native.isaOf(this.#id)}, ${threads} thread${threads === 1 ? "" : "s"}`,
      dtypes: FLOAT_DTYPES,
      blockFormats: COMPUTED_FORMATS,
      blockSize: BLOCK_SIZE,
      availableBytes: availableMemory(),
      depth: 1,
    });
  }

  allocate(byteLength: number, purpose: MemoryPurpose): Storage {
    return this.#pool.allocate(byteLength, purpose);
  }

  allocateHost(byteLength: number): Storage {
    return this.#pool.allocate(byteLength, "workspace");
  }

  memory(): Readonly<Record<MemoryPurpose, number>> {
    return this.#pool.held;
  }

  mapFile(path: string): Storage {
    return this.#pool.mapFile(path);
  }

  upload(source: Tensor, dtype: DType): Tensor {
    if (source.dtype === dtype && source.storage.address !== 0) return source;
    const uploaded = tensor(dtype, source.shape, this.#pool.allocate(byteSize(dtype, source.shape), "weights"));
    try {
      if (source.dtype === dtype) {
        this.copy(uploaded, source, byteSize(dtype, source.shape));
      } else {
        const float = isFloatDType(dtype) && isFloatDType(source.dtype);
        if (!float)
          throw new OctavoError({ code: "UNSUPPORTED", message: `cannot convert ${source.dtype} to ${dtype}` });
        this.#write(addressOf(uploaded), dtype, source);
      }
    } catch (error) {
      uploaded.storage.dispose();
      throw error;
    }
    return uploaded;
  }

  copy(destination: Tensor, source: Tensor, byteLength: number): void {
    for (const { storage, byteOffset } of [destination, source]) {
      checkArgument(
        byteLength >= 0 && byteOffset + byteLength <= storage.byteLength,
        `cannot copy ${byteLength} bytes at byte ${byteOffset} of a storage of ${storage.byteLength}`,
        "byteLength",
      );
    }
    if (destination.storage.address !== 0 && source.storage.address !== 0) {
      if (byteLength > 0) this.#native.copy(addressOf(destination), addressOf(source), byteLength);
      return;
    }
    const [to, from] = [destination, source].map(({ storage, byteOffset }) =>
      storage.bytes?.subarray(byteOffset, byteOffset + byteLength),
    );
    checkArgument(
      to?.length === byteLength && from?.length === byteLength,
      "cannot copy: a tensor's memory is disposed",
    );
    to.set(from);
  }

  fillRandom(target: Tensor, values: RandomValues): void {
    const { dtype, seed, low, span } = randomFill(target, values);
    const count = elementCount(target.shape);
    checkArgument(
      this.#pool.owns(target.storage),
      `a tensor [${target.shape}] cannot be filled: its memory is not this backend's, or is disposed`,
      "target",
    );
    if (count > 0) this.#native.fillRandom(this.#id, addressOf(target), DTYPES[dtype].code, seed, low, span, count);
  }

  prepareLinear(spec: LinearSpec): LinearWeight {
    const writer: WeightWriter = {
      dense: (address, dtype, source) => this.#write(address, dtype, source),
      panels: (address, planes, inFeatures) => this.#packPanels(address, planes, inFeatures),
    };
    return new CpuLinearWeight(this.#native, this.#id, this.#pool, writer, spec);
  }

  updateLinear(weight: LinearWeight, index: number, part: LinearPart): void {
    checkArgument(weight instanceof CpuLinearWeight, "the weight was prepared by another backend", "weight");
    weight.update(index, part);
  }

  prepareExperts(weights: readonly LinearWeight[]): ExpertWeights {
    return new NativeExpertWeights(weights, this.#isOwn, (linears) => {
      const id = this.#native.createExperts(this.#id, linears);
      const free = () => {
        if (this.#open) this.#native.disposeExperts(this.#id, id);
      };
      return { id, free };
    });
  }

  createEvent(): DeviceEvent {
    return { record() {}, wait() {}, dispose() {}, [Symbol.dispose]() {} };
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

  /** Writes a contiguous host tensor to `address` as `dtype`. */
  #write(address: number, dtype: FloatDType, source: Tensor): void {
    checkArgument(isContiguous(source), `a strided tensor [${source.shape}] cannot be converted`);
    if (elementCount(source.shape) === 0) return;
    this.#withAddress(source, (from) => this.#convert(address, dtype, from, source));
  }

  #packPanels(address: number, { format, blocks }: BlockPlanes, inFeatures: number): void {
    const rows = blocks.shape[0]!;
    if (elementCount(blocks.shape) === 0) return;
    this.#withAddress(blocks, (from) =>
      this.#native.packPanels(this.#id, BLOCK_FORMATS[format].ggmlType, address, from, rows, inFeatures),
    );
  }

  /** Calls `use` with the address of a contiguous host tensor, copied for as long where it lies in JavaScript's memory. */
  #withAddress(source: Tensor, use: (address: number) => void): void {
    if (source.storage.address !== 0) {
      use(addressOf(source));
      return;
    }
    const native = this.#pool.allocate(byteSize(source.dtype, source.shape), "workspace");
    native.bytes.set(bytesOf(source));
    use(native.address);
    native.dispose();
  }

  #convert(address: number, dtype: FloatDType, from: number, { dtype: fromDtype, shape }: Tensor): void {
    if (dtype === fromDtype) {
      this.#native.copy(address, from, byteSize(dtype, shape));
    } else {
      this.#native.convert(this.#id, address, DTYPES[dtype].code, from, DTYPES[fromDtype].code, elementCount(shape));
    }
  }
}

/** @param allowed CPUs that the machine grants */
function threadCount(asked: number | undefined, allowed: number): number {
  const named = process.env.OCTAVO_NUM_THREADS;
  const param = asked === undefined ? "OCTAVO_NUM_THREADS" : "numThreads";
  const count = asked ?? (named ? Number(named) : Math.max(1, allowed));
  checkArgument(
    Number.isInteger(count) && count >= 1,
    `${param} is ${asked ?? named}, a positive integer was expected`,
    param,
  );
  return count;
}
