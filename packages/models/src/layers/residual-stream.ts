// The residual stream of a step: what layers read from and add to. A sub-layer's output is added together with the next norm, in
// one pass over memory.
import type { Ops, Tensor } from "@octavo/core";
import type { Norm } from "./norm.js";

export class ResidualStream {
  /** [T, hidden] without what the last sub-layer put into `output`. */
  readonly residual: Tensor;
  /** [T, hidden]: where sub-layers write. */
  readonly output: Tensor;
  readonly #ops: Ops;
  readonly #normed: Tensor;
  #isPending = false;

  /** @param normed [T, hidden]: where {@link read} puts what it normed */
  constructor(ops: Ops, residual: Tensor, output: Tensor, normed: Tensor) {
    this.residual = residual;
    this.output = output;
    this.#ops = ops;
    this.#normed = normed;
  }

  /** Says that `output` belongs to the stream. */
  commit(): void {
    this.#isPending = true;
  }

  /** What a sub-layer reads: the stream, normed where there is a norm. Valid until the next call. */
  read(norm: Norm | undefined): Tensor {
    const pending = this.#isPending;
    this.#isPending = false;
    if (norm === undefined) {
      if (pending) this.#ops.add(this.residual, this.output);
      return this.residual;
    }
    if (pending) norm.addForward(this.#ops, this.#normed, this.residual, this.output);
    else norm.forward(this.#ops, this.#normed, this.residual);
    return this.#normed;
  }

  /** The stream itself becomes what the norm makes of it. */
  normalize(norm: Norm): void {
    norm.forward(this.#ops, this.residual, this.read(undefined));
  }
}
