// Linear layers: weights decoded to float32 (which holds every float dtype exactly), one dot product an output.
import { decodeBlocks } from "../../blocks/decode.js";
import type { FloatDType } from "../../dtype.js";
import { checkArgument, OctavoError } from "../../errors.js";
import {
  checkedBlocks,
  isDense,
  type LinearPart,
  type LinearSpec,
  type LinearWeight,
  planesByteSize,
} from "../../linear.js";
import { hostStorage, type Storage } from "../../storage.js";
import { bytesOf, type Tensor, tensor } from "../../tensor.js";
import { load, store } from "../elements.js";
import type { HostMemory } from "../host-memory.js";

export class ReferenceLinearWeight implements LinearWeight {
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly dtype: FloatDType;
  readonly byteLength: number;
  /** float32 [outFeatures, inFeatures]: dense ones are values that `dtype` can hold, blocks what they decode to */
  readonly weights: Float32Array;
  /** [outFeatures], zeros where a part has none */
  readonly bias: Float32Array;
  readonly #storage: Storage;
  readonly #partSizes: readonly number[];

  constructor(memory: HostMemory, spec: LinearSpec) {
    const { inFeatures, dtype, parts } = spec;
    this.#partSizes = parts.map((part) => part.outFeatures);
    this.inFeatures = inFeatures;
    this.outFeatures = this.#partSizes.reduce((a, b) => a + b, 0);
    this.dtype = dtype;
    this.byteLength = parts.reduce((sum, part) => sum + planesByteSize(part.planes, dtype), 0);
    const count = this.outFeatures * inFeatures;
    this.#storage = memory.allocate(4 * (count + this.outFeatures), "weights");
    const { buffer } = this.#storage.bytes!;
    this.weights = new Float32Array(buffer, 0, count);
    this.bias = new Float32Array(buffer, 4 * count, this.outFeatures);
    for (let index = 0; index < parts.length; index++) this.update(index, parts[index]!);
  }

  /** Decodes part `index` into its place. */
  update(index: number, part: LinearPart): void {
    const rows = this.#partSizes[index];
    checkArgument(
      rows === part.outFeatures,
      `${part.name} has ${part.outFeatures} outputs, part ${index} of the layer has ${rows}`,
      part.name,
    );
    const first = this.#partSizes.slice(0, index).reduce((a, b) => a + b, 0);
    const target = this.weights.subarray(first * this.inFeatures, (first + rows) * this.inFeatures);
    if (isDense(part.planes)) this.#round(part.planes.weight, part.name, target);
    else
      decodeBlocks(part.planes.format, bytesOf(checkedBlocks(part.planes, part.name, rows, this.inFeatures)), target);
    if (part.bias) {
      const bias = new Float64Array(rows);
      load(bias, part.bias, 0);
      this.bias.set(bias, first);
    }
  }

  #round(weight: Tensor, name: string, target: Float32Array): void {
    const rows = target.length / this.inFeatures;
    checkArgument(
      weight.shape[0] === rows && weight.shape[1] === this.inFeatures,
      `${name} has shape [${weight.shape}], this part of the layer is [${rows}, ${this.inFeatures}]`,
      name,
    );
    const row = new Float64Array(this.inFeatures);
    const rounded = tensor(this.dtype, [this.inFeatures], hostStorage(new Uint8Array(8 * this.inFeatures)));
    for (let i = 0; i < rows; i++) {
      load(row, weight, i * weight.strides[0]!);
      store(rounded, 0, row);
      load(row, rounded, 0);
      target.set(row, i * this.inFeatures);
    }
  }

  dispose(): void {
    this.#storage.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

export function linear(out: Tensor, x: Tensor, weight: LinearWeight): void {
  if (!(weight instanceof ReferenceLinearWeight)) {
    throw new OctavoError({ code: "INVALID_ARGUMENT", message: "linear: the weight was prepared by another backend" });
  }
  for (let t = 0; t < x.shape[0]!; t++) linearRow(out, t * out.strides[0]!, x, t * x.strides[0]!, weight);
}

/** One row, from the element `from` of x to the element `to` of out. */
export function linearRow(out: Tensor, to: number, x: Tensor, from: number, weight: ReferenceLinearWeight): void {
  const { inFeatures, outFeatures, weights, bias } = weight;
  const input = new Float64Array(inFeatures);
  const result = new Float64Array(outFeatures);
  load(input, x, from);
  for (let o = 0; o < outFeatures; o++) {
    let sum = 0;
    for (let i = 0; i < inFeatures; i++) sum += input[i]! * weights[o * inFeatures + i]!;
    result[o] = sum + bias[o]!;
  }
  store(out, to, result);
}
