// Where a case puts its tensors on a backend: every tensor between guard bytes, outputs poisoned, all of it read back
// through the backend's own copy, so that the same case runs on host and device memory.
import type { Backend } from "../../backend.js";
import { decodeBlocks } from "../../blocks/decode.js";
import { BLOCK_FORMATS, type BlockFormat } from "../../blocks/format.js";
import { type DType, isFloatDType } from "../../dtype.js";
import type { ExpertWeights } from "../../experts.js";
import { type BlockPlanes, isDense, type LinearPart, type LinearSpec, type LinearWeight } from "../../linear.js";
import type { Ops } from "../../ops.js";
import { hostStorage, type Storage } from "../../storage.js";
import { byteSize, bytesOf, elementCount, type Tensor, tensor } from "../../tensor.js";
import { store } from "../elements.js";
import { type Random, seededRandom } from "../random.js";

/** The value of each element, in order; called once an element. */
export type Fill = (index: number) => number;

export interface OutputOptions {
  /** Contents before the call, for what is changed in place. Default: poison. */
  readonly initial?: Fill;
  /** How many elements, from the first, are compared. Default: all. */
  readonly compared?: number;
  /** Whether `actual` passes where the reference has something else. Default: never. */
  readonly accept?: (index: number, actual: number) => boolean;
}

/** An output after the call, on the host. */
export interface CaseOutput extends OutputOptions {
  readonly name: string;
  readonly values: Tensor;
}

interface Slot extends OutputOptions {
  readonly name: string;
  readonly role: "input" | "output";
  readonly device: Tensor;
  /** Guard, contents, guard as they were uploaded. */
  readonly image: Uint8Array;
}

const GUARD_BYTES = 256;
/** All bits set is NaN in every float type; for ids it would be -1, which has a meaning. */
const FLOAT_POISON = 0xff;
const INTEGER_POISON = 0xa5;

export class CaseBench implements Disposable {
  readonly backend: Backend;
  readonly ops: Ops;
  readonly random: Random;
  readonly #slots: Slot[] = [];
  readonly #held: Disposable[] = [];

  constructor(backend: Backend, seed: number) {
    this.backend = backend;
    this.ops = backend.ops;
    this.random = seededRandom(seed);
  }

  /** A tensor that the op only reads. */
  input(name: string, dtype: DType, shape: readonly number[], fill: Fill): Tensor {
    return this.#place(name, "input", dtype, shape, { initial: fill });
  }

  /** A tensor that the op writes and that is compared. */
  output(name: string, dtype: DType, shape: readonly number[], options: OutputOptions = {}): Tensor {
    return this.#place(name, "output", dtype, shape, options);
  }

  /** A host tensor as a checkpoint reader hands it out, at any byte offset; in the backend's memory or in JavaScript's. */
  hostTensor(dtype: DType, shape: readonly number[], fill: Fill, { byteOffset = 0, native = true } = {}): Tensor {
    const total = byteOffset + byteSize(dtype, shape);
    const storage = native ? this.#hold(this.backend.allocateHost(total)) : hostStorage(new Uint8Array(total));
    const t = tensor(dtype, shape, storage, byteOffset);
    fillTensor(t, fill);
    return t;
  }

  /** Rows of blocks as a checkpoint reader hands them out, placed as {@link CaseBench.hostTensor} says. */
  blockPlanes(
    format: BlockFormat,
    outFeatures: number,
    bytes: Uint8Array,
    { byteOffset = 0, native = true } = {},
  ): BlockPlanes {
    const total = byteOffset + bytes.length;
    const storage = native ? this.#hold(this.backend.allocateHost(total)) : hostStorage(new Uint8Array(total));
    const blocks = tensor("uint8", [outFeatures, bytes.length / outFeatures], storage, byteOffset);
    bytesOf(blocks).set(bytes);
    return { format, blocks };
  }

  /** A prepared layer. Blocks that the backend has no kernels for are decoded, as whoever loads a checkpoint does. */
  linear(spec: LinearSpec): LinearWeight {
    return this.#hold(this.backend.prepareLinear({ ...spec, parts: spec.parts.map((part) => this.#decoded(part)) }));
  }

  updateLinear(weight: LinearWeight, index: number, part: LinearPart): void {
    this.backend.updateLinear(weight, index, this.#decoded(part));
  }

  /** The layers, which {@link CaseBench.linear} made, as experts. */
  experts(weights: readonly LinearWeight[]): ExpertWeights {
    return this.#hold(this.backend.prepareExperts(weights));
  }

  /** Reads everything back. `damage` names guard bytes or inputs that changed. */
  collect(): { outputs: CaseOutput[]; damage: string[] } {
    const outputs: CaseOutput[] = [];
    const damage: string[] = [];
    const done = this.#hold(this.backend.createEvent());
    const images = this.#slots.map((slot) => this.#download(slot));
    done.record();
    done.wait();
    this.#slots.forEach((slot, i) => {
      const bytes = images[i]!.bytes!;
      const { name, role, device, image } = slot;
      const end = image.byteLength - GUARD_BYTES;
      if (differs(bytes, image, 0, GUARD_BYTES)) damage.push(`wrote before the first byte of ${name}`);
      if (differs(bytes, image, end, image.byteLength)) damage.push(`wrote after the last byte of ${name}`);
      if (role === "input" && differs(bytes, image, GUARD_BYTES, end)) damage.push(`changed its input ${name}`);
      if (role !== "output") return;
      const values = tensor(device.dtype, device.shape, hostStorage(bytes.slice(GUARD_BYTES, end)));
      outputs.push({ ...slot, values });
    });
    return { outputs, damage };
  }

  dispose(): void {
    for (const held of this.#held) held[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #place(name: string, role: Slot["role"], dtype: DType, shape: readonly number[], options: OutputOptions): Tensor {
    const total = byteSize(dtype, shape) + 2 * GUARD_BYTES;
    const staging = this.#hold(this.backend.allocateHost(total));
    const bytes = staging.bytes!;
    bytes.fill(isFloatDType(dtype) ? FLOAT_POISON : INTEGER_POISON);
    if (options.initial) fillTensor(tensor(dtype, shape, staging, GUARD_BYTES), options.initial);
    const storage = this.#hold(this.backend.allocate(total, "workspace"));
    const device = tensor(dtype, shape, storage, GUARD_BYTES);
    this.backend.copy(tensor("uint8", [total], storage), tensor("uint8", [total], staging), total);
    this.#slots.push({ ...options, name, role, device, image: bytes.slice() });
    return device;
  }

  #decoded(part: LinearPart): LinearPart {
    const { planes } = part;
    if (isDense(planes) || this.backend.info.blockFormats?.includes(planes.format)) return part;
    const { elements, bytes } = BLOCK_FORMATS[planes.format];
    const [rows, rowBytes] = planes.blocks.shape as [number, number];
    const weight = tensor(
      "float32",
      [rows, (rowBytes / bytes) * elements],
      hostStorage(new Uint8Array(((4 * rows * rowBytes) / bytes) * elements)),
    );
    decodeBlocks(planes.format, bytesOf(planes.blocks), new Float32Array(bytesOf(weight).buffer));
    return { ...part, planes: { format: "dense", weight } };
  }

  #download({ device, image }: Slot): Storage {
    const total = image.byteLength;
    const host = this.#hold(this.backend.allocateHost(total));
    this.backend.copy(tensor("uint8", [total], host), tensor("uint8", [total], device.storage), total);
    return host;
  }

  #hold<T extends Disposable>(held: T): T {
    this.#held.push(held);
    return held;
  }
}

/** Stores `fill`'s values in a contiguous host tensor. */
export function fillTensor(t: Tensor, fill: Fill): void {
  const count = elementCount(t.shape);
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) values[i] = fill(i);
  store(t, 0, values);
}

function differs(a: Uint8Array, b: Uint8Array, start: number, end: number): boolean {
  return Buffer.compare(a.subarray(start, end), b.subarray(start, end)) !== 0;
}
