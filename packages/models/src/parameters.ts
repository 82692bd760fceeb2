// A model's weights: declared as data (checkpoint names, shapes, which are merged), then loaded onto a backend.
import {
  type Backend,
  byteSize,
  type FloatDType,
  type LinearWeight,
  OctavoError,
  type Tensor,
  tensor,
} from "@octavo/core";
import {
  floatSpec,
  type LinearRequest,
  type QuantScheme,
  readBlockRows,
  readTensor,
  type TensorSource,
} from "@octavo/quant";
import { uploadRows } from "./upload-rows.js";

/** A plain tensor: a norm or an embedding table. */
export interface TensorParameter {
  readonly kind: "tensor";
  /** Octavo's name of the parameter, unique in the model. */
  readonly id: string;
  /** The checkpoint's tensor. */
  readonly name: string;
  readonly shape: readonly number[];
}

/** A linear layer, stacked along its output from one or more layers of the checkpoint. */
export interface LinearParameter {
  readonly kind: "linear";
  readonly id: string;
  readonly inFeatures: number;
  readonly parts: readonly LinearRequest[];
}

export type ParameterSpec = TensorParameter | LinearParameter;

/** A norm's or embedding's table, called `<id>.weight` in the checkpoint. */
export function tensorParameter(id: string, shape: readonly number[]): TensorParameter {
  return { kind: "tensor", id, name: `${id}.weight`, shape };
}

/** @param parts checkpoint names and output sizes, in the order in which they are stacked */
export function linearParameter(
  id: string,
  inFeatures: number,
  parts: readonly (readonly [name: string, outFeatures: number])[],
  { bias = false } = {},
): LinearParameter {
  return {
    kind: "linear",
    id,
    inFeatures,
    parts: parts.map(([name, outFeatures]) => ({ name, inFeatures, outFeatures, bias })),
  };
}

export interface ParameterOptions {
  readonly dtype: FloatDType;
  readonly scheme: QuantScheme;
  /** Told after each parameter. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Loaded weights by id. They may point into `source`, which must outlive them. */
export class Parameters implements Disposable {
  readonly dtype: FloatDType;
  readonly #linears = new Map<string, LinearWeight>();
  readonly #tensors = new Map<string, Tensor>();
  readonly #uploaded: Tensor[] = [];

  /** @throws CHECKPOINT that names the tensor when one is missing or has another shape */
  constructor(specs: readonly ParameterSpec[], source: TensorSource, backend: Backend, options: ParameterOptions) {
    const { dtype, scheme, onProgress } = options;
    this.dtype = dtype;
    try {
      for (const [done, spec] of specs.entries()) {
        if (spec.kind === "linear") {
          const parts = spec.parts.map((part) => scheme.decode(part, source));
          this.#linears.set(spec.id, backend.prepareLinear({ inFeatures: spec.inFeatures, parts, dtype }));
          for (const part of spec.parts) for (const { name } of scheme.tensors(part)) source.release?.(name);
        } else {
          this.#placeTensor(spec, source, backend);
        }
        onProgress?.(done + 1, specs.length);
      }
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  #placeTensor(parameter: TensorParameter, source: TensorSource, backend: Backend): void {
    const spec = floatSpec(parameter.name, parameter.shape);
    const rows = readBlockRows(source, spec);
    if (rows !== undefined) {
      const { storage } = this.#keep(uploadRows(rows, backend, this.dtype));
      this.#tensors.set(parameter.id, tensor(this.dtype, spec.shape, storage));
      source.release?.(spec.name);
      return;
    }
    const found = readTensor(source, spec);
    const uploaded = backend.upload(found, this.dtype);
    this.#tensors.set(parameter.id, uploaded);
    if (uploaded.storage === found.storage) return;
    this.#keep(uploaded);
    source.release?.(spec.name);
  }

  /** To be disposed of with this. */
  #keep(uploaded: Tensor): Tensor {
    this.#uploaded.push(uploaded);
    return uploaded;
  }

  linear(id: string): LinearWeight {
    return this.#linears.get(id) ?? undeclared(id);
  }

  tensor(id: string): Tensor {
    return this.#tensors.get(id) ?? undeclared(id);
  }

  /** Bytes of all parameters. A tied head counts beside the embedding, because a backend may keep it in a layout of its own. */
  get byteLength(): number {
    let sum = 0;
    for (const weight of this.#linears.values()) sum += weight.byteLength;
    for (const { dtype, shape } of this.#tensors.values()) sum += byteSize(dtype, shape);
    return sum;
  }

  dispose(): void {
    for (const weight of this.#linears.values()) weight.dispose();
    for (const { storage } of this.#uploaded) storage.dispose();
    this.#linears.clear();
    this.#tensors.clear();
    this.#uploaded.length = 0;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

function undeclared(id: string): never {
  throw new OctavoError({ code: "INTERNAL", message: `the architecture declares no parameter ${id}` });
}
