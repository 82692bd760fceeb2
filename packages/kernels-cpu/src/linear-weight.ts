// Weights of a linear layer on the CPU: each part where it lies. A part of the wanted dtype is used inside the mapped
// checkpoint; any other is a converted copy.
import {
  byteSize,
  checkArgument,
  DTYPES,
  elementCount,
  type FloatDType,
  isContiguous,
  isDense,
  isFloatDType,
  type LinearPart,
  type LinearSpec,
  type LinearWeight,
  OctavoError,
  type Tensor,
} from "@octavo/core";
import type { CpuStorage, MemoryPool } from "./memory.js";
import type { NativeAddon } from "./native.js";

/** Copies a host tensor of any float dtype to `address` as contiguous `dtype`. */
export type WriteTensor = (address: number, dtype: FloatDType, source: Tensor) => void;

interface PartMemory {
  readonly rows: number;
  /** First output column of the part. */
  readonly column: number;
  /** Memory of our own, or undefined while the part lies in a mapped file that `lease` keeps. */
  owned?: CpuStorage;
  lease?: Disposable;
}

/** The handle that `prepareLinear` returns. */
export class CpuLinearWeight implements LinearWeight {
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly dtype: FloatDType;
  readonly byteLength: number;
  /** The backend's id and the weight's, as native calls name them; the weight's is -1 after `dispose()`. */
  readonly backend: number;
  id: number;
  readonly #native: NativeAddon;
  readonly #pool: MemoryPool;
  readonly #write: WriteTensor;
  readonly #parts: PartMemory[] = [];
  readonly #bias: CpuStorage | undefined;

  constructor(native: NativeAddon, backend: number, pool: MemoryPool, write: WriteTensor, spec: LinearSpec) {
    this.#native = native;
    this.#pool = pool;
    this.#write = write;
    this.backend = backend;
    this.inFeatures = spec.inFeatures;
    this.dtype = spec.dtype;
    this.outFeatures = spec.parts.reduce((sum, part) => sum + part.outFeatures, 0);
    checkArgument(spec.parts.length > 0, "a linear layer needs at least one part", "parts");
    for (const part of spec.parts) this.#check(part, part.outFeatures);
    const hasBias = spec.parts.some((part) => part.bias);
    this.#bias = hasBias ? pool.allocate(4 * this.outFeatures, "weights") : undefined;
    this.byteLength = byteSize(spec.dtype, [this.outFeatures, spec.inFeatures]) + (this.#bias?.byteLength ?? 0);
    this.id = native.createLinear(
      backend,
      spec.inFeatures,
      DTYPES[spec.dtype].code,
      this.#bias?.address ?? 0,
      spec.parts.length,
    );
    let column = 0;
    for (const part of spec.parts) {
      this.#place(part, column);
      column += part.outFeatures;
    }
  }

  /** Replaces a part's values in place. @throws INVALID_ARGUMENT when the shape or the presence of a bias differs */
  update(index: number, part: LinearPart): void {
    const memory = this.#parts[index];
    checkArgument(memory, `${part.name} replaces part ${index}, the layer has ${this.#parts.length}`, "index");
    this.#check(part, memory.rows);
    checkArgument(!part.bias || this.#bias, `${part.name} has a bias, the layer was prepared without one`, "bias");
    if (!memory.owned) {
      memory.owned = this.#pool.allocate(byteSize(this.dtype, [memory.rows, this.inFeatures]), "weights");
      this.#native.setLinearPart(this.backend, this.id, index, memory.owned.address, memory.rows);
      memory.lease?.[Symbol.dispose]();
    }
    this.#write(memory.owned.address, this.dtype, denseWeight(part));
    this.#writeBias(part, memory.column);
  }

  dispose(): void {
    if (this.id < 0) return;
    if (this.#pool.open) this.#native.disposeLinear(this.backend, this.id);
    this.id = -1;
    for (const part of this.#parts) {
      part.owned?.dispose();
      part.lease?.[Symbol.dispose]();
    }
    this.#bias?.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #place(part: LinearPart, column: number): void {
    const weight = denseWeight(part);
    const memory: PartMemory = { rows: part.outFeatures, column };
    const index = this.#parts.push(memory) - 1;
    let address: number;
    if (weight.dtype === this.dtype && this.#pool.owns(weight.storage)) {
      address = weight.storage.address + weight.byteOffset;
      memory.lease = weight.storage.retain();
    } else {
      memory.owned = this.#pool.allocate(byteSize(this.dtype, weight.shape), "weights");
      address = memory.owned.address;
      this.#write(address, this.dtype, weight);
    }
    this.#native.setLinearPart(this.backend, this.id, index, address, part.outFeatures);
    this.#writeBias(part, column);
  }

  #writeBias(part: LinearPart, column: number): void {
    if (part.bias && this.#bias) this.#write(this.#bias.address + 4 * column, "float32", part.bias);
  }

  #check(part: LinearPart, rows: number): void {
    const weight = denseWeight(part);
    checkArgument(
      weight.shape.length === 2 &&
        weight.shape[0] === rows &&
        weight.shape[1] === this.inFeatures &&
        isContiguous(weight),
      `${part.name} has shape [${weight.shape}], contiguous [${rows},${this.inFeatures}] was expected`,
      part.name,
    );
    checkArgument(
      isFloatDType(weight.dtype) && (!part.bias || isFloatDType(part.bias.dtype)),
      `${part.name} is ${weight.dtype}, a float dtype was expected`,
      part.name,
    );
    checkArgument(
      !part.bias || (elementCount(part.bias.shape) === rows && isContiguous(part.bias)),
      `${part.name} has a bias [${part.bias?.shape}], [${rows}] was expected`,
      part.name,
    );
  }
}

function denseWeight({ name, planes }: LinearPart): Tensor {
  if (isDense(planes)) return planes.weight;
  throw new OctavoError({ code: "UNSUPPORTED", message: `${name}: the CPU backend has no format ${planes.format}` });
}
