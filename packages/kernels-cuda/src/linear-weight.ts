// Weights of a linear layer on the GPU: all parts stacked in one block, row-major. Biases are kept as float32 for the own
// kernels, and in the weights' dtype for cuBLASLt.
import {
  byteSize,
  checkArgument,
  DTYPES,
  type FloatDType,
  isDense,
  type LinearPart,
  type LinearSpec,
  type LinearWeight,
  OctavoError,
  type Tensor,
} from "@octavo/core";
import { checkLinearPart, checkSameBias } from "@octavo/core/native";
import type { CudaStorage, MemoryPool } from "./memory.js";
import type { NativeAddon } from "./native.js";

/** Copies a contiguous tensor of any float dtype, of the host or the GPU, to GPU memory at `address`, as `dtype`. */
export type WriteTensor = (address: number, dtype: FloatDType, source: Tensor) => void;

/** The handle that `prepareLinear` returns. */
export class CudaLinearWeight implements LinearWeight {
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly dtype: FloatDType;
  readonly byteLength: number;
  /** The backend's id and the weight's, as native calls name them; the weight's is -1 after `dispose()`. */
  readonly backend: number;
  id = -1;
  readonly #native: NativeAddon;
  readonly #write: WriteTensor;
  /** Output features of each part. */
  readonly #parts: readonly number[];
  readonly #weight: CudaStorage;
  /** Whether each part came with a bias. */
  readonly #hasBias: readonly boolean[];
  readonly #bias: CudaStorage | undefined;
  readonly #sameBias: CudaStorage | undefined;
  readonly #storages: CudaStorage[] = [];

  constructor(native: NativeAddon, backend: number, pool: MemoryPool, write: WriteTensor, spec: LinearSpec) {
    this.#native = native;
    this.#write = write;
    this.backend = backend;
    this.inFeatures = spec.inFeatures;
    this.dtype = spec.dtype;
    this.#parts = spec.parts.map((part) => part.outFeatures);
    this.outFeatures = this.#parts.reduce((sum, size) => sum + size, 0);
    checkArgument(spec.parts.length > 0, "a linear layer needs at least one part", "parts");
    for (const part of spec.parts) this.#check(part, part.outFeatures);
    this.#hasBias = spec.parts.map((part) => part.bias !== undefined);
    const hasBias = this.#hasBias.includes(true);
    const own = (dtype: FloatDType, shape: readonly number[]) => {
      const storage = pool.allocate(byteSize(dtype, shape), "weights");
      this.#storages.push(storage);
      return storage;
    };
    try {
      this.#weight = own(spec.dtype, [this.outFeatures, spec.inFeatures]);
      this.#bias = hasBias ? own("float32", [this.outFeatures]) : undefined;
      this.#sameBias = hasBias && spec.dtype !== "float32" ? own(spec.dtype, [this.outFeatures]) : this.#bias;
      this.byteLength = this.#weight.byteLength + (this.#sameBias?.byteLength ?? 0);
      this.id = native.createLinear(
        backend,
        spec.inFeatures,
        this.outFeatures,
        DTYPES[spec.dtype].code,
        this.#weight.address,
        this.#bias?.address ?? 0,
        this.#sameBias?.address ?? 0,
      );
      for (const [index, part] of spec.parts.entries()) this.#place(index, part);
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /** Replaces a part's values in place. @throws INVALID_ARGUMENT when the shape or the presence of a bias differs */
  update(index: number, part: LinearPart): void {
    const rows = this.#parts[index];
    checkArgument(
      rows !== undefined,
      `${part.name} replaces part ${index}, the layer has ${this.#parts.length}`,
      "index",
    );
    checkSameBias(part, this.#hasBias[index]!);
    this.#check(part, rows);
    this.#place(index, part);
  }

  dispose(): void {
    // Without memory the backend is gone, and the weight with it.
    if (this.id >= 0 && this.#weight.address !== 0) this.#native.disposeLinear(this.backend, this.id);
    this.id = -1;
    for (const storage of this.#storages) storage.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #place(index: number, part: LinearPart): void {
    const weight = denseWeight(part);
    const column = this.#parts.slice(0, index).reduce((sum, size) => sum + size, 0);
    const { size } = DTYPES[this.dtype];
    this.#write(this.#weight.address + column * this.inFeatures * size, this.dtype, weight);
    if (!part.bias || !this.#bias || !this.#sameBias) return;
    this.#write(this.#bias.address + 4 * column, "float32", part.bias);
    if (this.#sameBias !== this.#bias) this.#write(this.#sameBias.address + size * column, this.dtype, part.bias);
  }

  #check(part: LinearPart, rows: number): void {
    denseWeight(part);
    checkLinearPart(part, rows, this.inFeatures);
  }
}

function denseWeight({ name, planes }: LinearPart): Tensor {
  if (isDense(planes)) return planes.weight;
  throw new OctavoError({ code: "UNSUPPORTED", message: `${name}: the CUDA backend has no format ${planes.format}` });
}
