// Weights of a linear layer on the CPU: each part where it lies. A dense part of the wanted dtype is used inside the mapped
// checkpoint; any other is a copy, converted or, in the block formats, repacked into panels (csrc/kernels/panels.h).
import {
  BLOCK_FORMATS,
  type BlockPlanes,
  byteSize,
  type CanonicalPlanes,
  checkArgument,
  DTYPES,
  type FloatDType,
  isDense,
  type LinearPart,
  type LinearSpec,
  type LinearWeight,
  type Tensor,
} from "@octavo/core";
import { checkLinearPart, checkSameBias } from "@octavo/core/native";
import type { CpuStorage, MemoryPool } from "./memory.js";
import type { NativeAddon } from "./native.js";

/** How the backend fills memory of a weight. */
export interface WeightWriter {
  /** Copies a host tensor of any float dtype to `address` as contiguous `dtype`. */
  dense(address: number, dtype: FloatDType, source: Tensor): void;
  /** Repacks rows of blocks, `inFeatures` elements each, to `address`. */
  panels(address: number, planes: BlockPlanes, inFeatures: number): void;
}

interface PartMemory {
  readonly rows: number;
  /** First output column of the part. */
  readonly column: number;
  readonly format: CanonicalPlanes["format"];
  readonly byteLength: number;
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
  readonly #writer: WeightWriter;
  readonly #parts: PartMemory[] = [];
  /** Whether each part came with a bias. */
  readonly #hasBias: readonly boolean[];
  readonly #bias: CpuStorage | undefined;

  constructor(native: NativeAddon, backend: number, pool: MemoryPool, writer: WeightWriter, spec: LinearSpec) {
    this.#native = native;
    this.#pool = pool;
    this.#writer = writer;
    this.backend = backend;
    this.inFeatures = spec.inFeatures;
    this.dtype = spec.dtype;
    this.outFeatures = spec.parts.reduce((sum, part) => sum + part.outFeatures, 0);
    checkArgument(spec.parts.length > 0, "a linear layer needs at least one part", "parts");
    for (const part of spec.parts) checkLinearPart(part, part.outFeatures, spec.inFeatures);
    this.#hasBias = spec.parts.map((part) => part.bias !== undefined);
    const hasBias = this.#hasBias.includes(true);
    this.#bias = hasBias ? pool.allocate(4 * this.outFeatures, "weights") : undefined;
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
    this.byteLength = this.#parts.reduce((sum, part) => sum + part.byteLength, this.#bias?.byteLength ?? 0);
  }

  /** Replaces a part's values in place. @throws INVALID_ARGUMENT when the shape, the format or the presence of a bias differs */
  update(index: number, part: LinearPart): void {
    const memory = this.#parts[index];
    checkArgument(memory, `${part.name} replaces part ${index}, the layer has ${this.#parts.length}`, "index");
    checkLinearPart(part, memory.rows, this.inFeatures);
    checkSameBias(part, this.#hasBias[index]!);
    const { format } = part.planes;
    checkArgument(format === memory.format, `${part.name} is ${format}, the layer was prepared with ${memory.format}`);
    if (!memory.owned) {
      memory.owned = this.#pool.allocate(memory.byteLength, "weights");
      this.#setPart(index, memory.owned.address);
      memory.lease?.[Symbol.dispose]();
    }
    this.#write(memory.owned.address, part.planes);
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
    const { planes, outFeatures: rows } = part;
    const byteLength = isDense(planes)
      ? byteSize(this.dtype, planes.weight.shape)
      : this.#native.panelBytes(BLOCK_FORMATS[planes.format].ggmlType, rows, this.inFeatures);
    const memory: PartMemory = { rows, column, format: planes.format, byteLength };
    const index = this.#parts.push(memory) - 1;
    if (isDense(planes) && planes.weight.dtype === this.dtype && this.#pool.owns(planes.weight.storage)) {
      const { storage, byteOffset } = planes.weight;
      memory.lease = storage.retain();
      this.#setPart(index, storage.address + byteOffset);
    } else {
      memory.owned = this.#pool.allocate(byteLength, "weights");
      this.#write(memory.owned.address, planes);
      this.#setPart(index, memory.owned.address);
    }
    this.#writeBias(part, column);
  }

  #setPart(index: number, address: number): void {
    const { rows, format } = this.#parts[index]!;
    const ggmlType = format === "dense" ? -1 : BLOCK_FORMATS[format].ggmlType;
    this.#native.setLinearPart(this.backend, this.id, index, address, rows, ggmlType);
  }

  #write(address: number, planes: CanonicalPlanes): void {
    if (isDense(planes)) this.#writer.dense(address, this.dtype, planes.weight);
    else this.#writer.panels(address, planes, this.inFeatures);
  }

  #writeBias(part: LinearPart, column: number): void {
    if (part.bias && this.#bias) this.#writer.dense(this.#bias.address + 4 * column, "float32", part.bias);
  }
}
