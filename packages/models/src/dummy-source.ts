// Random weights in place of a checkpoint's, made on the device: for tests and benchmarks of a shape that nobody has downloaded.
import { type Backend, byteSize, type FloatDType, OctavoError, type Tensor, tensor } from "@octavo/core";
import type { QuantScheme, TensorSource, TensorSpec } from "@octavo/quant";
import { checkpointTensors, type ParameterSpec } from "./parameters.js";
import type { TensorSummary } from "./tensor-summary.js";

/** What a norm's weights differ from 1 at most, and a bias from 0. */
const NORM_SPREAD = 0.1;
const BIAS_SPREAD = 0.02;

interface Live {
  readonly tensor: Tensor;
  /** Calls of `tensor` that were not followed by one of `release` yet. */
  uses: number;
}

/**
 * The tensors that `specs` name, filled with random values. A name's values depend on the name, shape and dtype only: they are the
 * same on every backend and in every run. A tensor exists while it is used, so that loading needs the weights and one parameter.
 */
export class DummySource implements TensorSource, Disposable {
  readonly isArranged = true;
  readonly hasArrangedSlices = true;
  readonly #specs: ReadonlyMap<string, TensorSpec>;
  readonly #backend: Backend;
  readonly #dtype: FloatDType;
  readonly #live = new Map<string, Live>();

  /** @param dtype what the weights will be kept in, so that nothing is converted */
  constructor(specs: readonly ParameterSpec[], scheme: QuantScheme, backend: Backend, dtype: FloatDType) {
    this.#specs = new Map(checkpointTensors(specs, scheme, this).map((spec) => [spec.name, spec]));
    this.#backend = backend;
    this.#dtype = dtype;
  }

  *summaries(): Iterable<TensorSummary> {
    for (const [name, { shape }] of this.#specs) {
      yield { name, dtype: this.#dtype, shape, byteLength: byteSize(this.#dtype, shape), path: this.origin() };
    }
  }

  tensor(name: string): Tensor {
    const live = this.#live.get(name) ?? { tensor: this.#make(name), uses: 0 };
    this.#live.set(name, live);
    live.uses++;
    return live.tensor;
  }

  origin(): string {
    return "the dummy weights";
  }

  release(name: string): void {
    const live = this.#live.get(name);
    if (live === undefined || --live.uses > 0) return;
    this.#live.delete(name);
    live.tensor.storage.dispose();
  }

  dispose(): void {
    for (const { tensor: held } of this.#live.values()) held.storage.dispose();
    this.#live.clear();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #make(name: string): Tensor {
    const spec = this.#specs.get(name);
    if (spec === undefined) {
      throw new OctavoError({ code: "INTERNAL", message: `the architecture declares no tensor ${name}`, param: name });
    }
    const storage = this.#backend.allocate(byteSize(this.#dtype, spec.shape), "weights");
    const made = tensor(this.#dtype, spec.shape, storage);
    try {
      this.#backend.fillRandom(made, { seed: hash(name), ...boundsOf(spec) });
    } catch (error) {
      storage.dispose();
      throw error;
    }
    return made;
  }
}

/**
 * Bounds that keep activations near magnitude 1 however deep the model is: a matrix has standard deviation columns^-0.5, so that
 * a normed input gives outputs of variance 1.
 */
function boundsOf({ name, shape }: TensorSpec): { low: number; high: number } {
  if (shape.length === 1) {
    return name.endsWith(".bias")
      ? { low: -BIAS_SPREAD, high: BIAS_SPREAD }
      : { low: 1 - NORM_SPREAD, high: 1 + NORM_SPREAD };
  }
  const bound = Math.sqrt(3 / shape.at(-1)!);
  return { low: -bound, high: bound };
}

/** FNV-1a. */
function hash(name: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) value = Math.imul(value ^ name.charCodeAt(i), 0x01000193);
  return value >>> 0;
}
