// A model's weights: declared as data (checkpoint names, shapes, which are merged), then loaded onto a backend.
import {
  type Backend,
  byteSize,
  bytesOf,
  type ExpertWeights,
  elementCount,
  type FloatDType,
  hostStorage,
  type LinearWeight,
  OctavoError,
  type Tensor,
  tensor,
} from "@octavo/core";
import {
  floatSpec,
  isArranged,
  type LinearRequest,
  type QuantScheme,
  readBlockRows,
  readDense,
  readTensor,
  type TensorSource,
  type TensorSpec,
} from "@octavo/quant";
import { type RowOrder, reorderElements, withRowOrder } from "./row-order.js";
import { uploadRows } from "./upload-rows.js";

/** A plain tensor: a norm or an embedding table. */
export interface TensorParameter {
  readonly kind: "tensor";
  /** Octavo's name of the parameter, unique in the model. */
  readonly id: string;
  /** The checkpoint's tensor. */
  readonly name: string;
  readonly shape: readonly number[];
  /** The checkpoint's tensors where it has one for each row. */
  readonly rowNames?: readonly string[];
  /** What all of its elements are, where no checkpoint has it: a norm without weights. */
  readonly value?: number;
  /** What it is kept in. Default: the model's dtype. */
  readonly dtype?: "float32";
  /** In which order the checkpoint's elements are wanted. Default: as they are. */
  readonly order?: RowOrder;
}

/** A linear layer of the checkpoint, or a stack of several that it keeps as one. */
export interface LinearPartSpec extends LinearRequest {
  /** In which order the checkpoint's rows are wanted. Default: as they are. */
  readonly rows?: RowOrder;
}

/** A linear layer, stacked along its output from one or more layers of the checkpoint. */
export interface LinearParameter {
  readonly kind: "linear";
  readonly id: string;
  readonly inFeatures: number;
  readonly parts: readonly LinearPartSpec[];
}

/** Linear layers of one shape, of which each token uses a few. */
export interface ExpertsParameter {
  readonly kind: "experts";
  readonly id: string;
  readonly inFeatures: number;
  readonly experts: readonly LinearParameter[];
}

export type ParameterSpec = TensorParameter | LinearParameter | ExpertsParameter;

/** A norm's or embedding's table, called `<id>.weight` in the checkpoint. */
export function tensorParameter(id: string, shape: readonly number[]): TensorParameter {
  return { kind: "tensor", id, name: `${id}.weight`, shape };
}

/** What the parts of a linear layer may have in common. */
export interface LinearTraits {
  /** Whether there are biases. Default false. */
  readonly bias?: boolean;
  /** Default: `<name>.bias`. */
  readonly biasName?: string;
  /** Whether the checkpoint has weights as [inFeatures, outFeatures] (GPT-2). Default false. */
  readonly transposed?: boolean;
  /** Default: rows stay where they are. */
  readonly rows?: RowOrder;
  /** Default: a tensor for each layer; see `LinearRequest`. */
  readonly stack?: LinearRequest["stack"];
  /** Default: the whole tensor; see `LinearRequest`. */
  readonly slice?: LinearRequest["slice"];
}

/** @param parts checkpoint names and output sizes, in the order in which they are stacked */
export function linearParameter(
  id: string,
  inFeatures: number,
  parts: readonly (readonly [name: string, outFeatures: number])[],
  { bias = false, ...traits }: LinearTraits = {},
): LinearParameter {
  return {
    kind: "linear",
    id,
    inFeatures,
    parts: parts.map(([name, outFeatures]) => ({ name, inFeatures, outFeatures, bias, ...traits })),
  };
}

/** @param experts of one shape */
export function expertsParameter(
  id: string,
  inFeatures: number,
  experts: readonly LinearParameter[],
): ExpertsParameter {
  return { kind: "experts", id, inFeatures, experts };
}

/** The linear layers of the checkpoint that parameters read. */
export function linearParts(specs: readonly ParameterSpec[]): LinearPartSpec[] {
  return specs.flatMap((spec) => {
    if (spec.kind === "tensor") return [];
    return spec.kind === "linear" ? spec.parts : linearParts(spec.experts);
  });
}

function tensorSpecs({ name, shape, rowNames, value }: TensorParameter): TensorSpec[] {
  if (value !== undefined) return [];
  return rowNames === undefined
    ? [floatSpec(name, shape)]
    : rowNames.map((rowName) => floatSpec(rowName, shape.slice(1)));
}

/**
 * The tensors that parameters read, with their shapes in the checkpoint.
 * @param isArranged whether the source has every weight as [outFeatures, inFeatures]; see `TensorSource`
 */
export function checkpointTensors(
  specs: readonly ParameterSpec[],
  scheme: QuantScheme,
  { isArranged = false } = {},
): TensorSpec[] {
  return specs.flatMap((spec) =>
    spec.kind === "tensor"
      ? tensorSpecs(spec)
      : linearParts([spec]).flatMap((part) => [
          ...scheme.tensors(isArranged && part.slice === undefined ? { ...part, transposed: false } : part),
        ]),
  );
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
  readonly #experts = new Map<string, ExpertWeights>();
  readonly #tensors = new Map<string, Tensor>();
  readonly #uploaded: Tensor[] = [];

  /** @throws CHECKPOINT that names the tensor when one is missing or has another shape */
  constructor(specs: readonly ParameterSpec[], source: TensorSource, backend: Backend, options: ParameterOptions) {
    const { dtype, scheme, onProgress } = options;
    this.dtype = dtype;
    try {
      for (const [done, spec] of specs.entries()) {
        if (spec.kind === "tensor") this.#placeTensor(spec, source, backend);
        else if (spec.kind === "linear") this.#prepare(spec, source, backend, scheme);
        else {
          const linears = spec.experts.map((expert) => this.#prepare(expert, source, backend, scheme));
          this.#experts.set(spec.id, backend.prepareExperts(linears));
        }
        onProgress?.(done + 1, specs.length);
      }
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  #prepare(spec: LinearParameter, source: TensorSource, backend: Backend, scheme: QuantScheme): LinearWeight {
    const parts = spec.parts.map((part) => {
      const found = scheme.decode(part, source);
      return part.rows === undefined || isArranged(part, source) ? found : withRowOrder(found, part.rows);
    });
    const weight = backend.prepareLinear({ inFeatures: spec.inFeatures, parts, dtype: this.dtype });
    this.#linears.set(spec.id, weight);
    for (const { name } of checkpointTensors([spec], scheme)) source.release?.(name);
    return weight;
  }

  #placeTensor(parameter: TensorParameter, source: TensorSource, backend: Backend): void {
    const dtype = parameter.dtype ?? this.dtype;
    if (parameter.value !== undefined) {
      this.#tensors.set(parameter.id, this.#keep(backend.upload(filled(parameter.shape, parameter.value), dtype)));
      return;
    }
    if (parameter.rowNames !== undefined) {
      const rows = tensorSpecs(parameter).map((spec) => readDense(source, spec));
      this.#tensors.set(parameter.id, this.#keep(backend.upload(stackRows(rows), dtype)));
      return;
    }
    const spec = floatSpec(parameter.name, parameter.shape);
    const rows = readBlockRows(source, spec);
    if (rows !== undefined) {
      const { storage } = this.#keep(uploadRows(rows, backend, dtype));
      this.#tensors.set(parameter.id, tensor(dtype, spec.shape, storage));
      source.release?.(spec.name);
      return;
    }
    const read = readTensor(source, spec);
    const found = parameter.order && !source.isArranged ? reorderElements(read, parameter.order) : read;
    const uploaded = backend.upload(found, dtype);
    this.#tensors.set(parameter.id, uploaded);
    if (uploaded.storage === read.storage) return;
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

  experts(id: string): ExpertWeights {
    return this.#experts.get(id) ?? undeclared(id);
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
    for (const weights of this.#experts.values()) weights.dispose();
    for (const weight of this.#linears.values()) weight.dispose();
    for (const { storage } of this.#uploaded) storage.dispose();
    this.#experts.clear();
    this.#linears.clear();
    this.#tensors.clear();
    this.#uploaded.length = 0;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

function filled(shape: readonly number[], value: number): Tensor {
  const values = new Float32Array(elementCount(shape)).fill(value);
  return tensor("float32", shape, hostStorage(new Uint8Array(values.buffer)));
}

/** @param rows on the host, of one dtype and shape */
function stackRows(rows: readonly Tensor[]): Tensor {
  const [first] = rows as readonly [Tensor];
  const bytes = rows.map((row) => bytesOf(row));
  const joined = Buffer.concat(bytes);
  return tensor(
    first.dtype,
    [rows.length, ...first.shape],
    hostStorage(new Uint8Array(joined.buffer, joined.byteOffset, joined.length)),
  );
}

function undeclared(id: string): never {
  throw new OctavoError({ code: "INTERNAL", message: `the architecture declares no parameter ${id}` });
}
