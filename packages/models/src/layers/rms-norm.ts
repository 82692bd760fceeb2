// Root mean square norm, with or without adding the sub-layer before it to the residual stream.
import type { Ops, Tensor } from "@octavo/core";
import { type ParameterSpec, type Parameters, tensorParameter } from "../parameters.js";

export class RmsNorm {
  readonly #weight: Tensor;
  readonly #eps: number;

  static parameters(id: string, size: number): ParameterSpec[] {
    return [tensorParameter(id, [size])];
  }

  constructor(id: string, eps: number, parameters: Parameters) {
    this.#weight = parameters.tensor(id);
    this.#eps = eps;
  }

  /** out = norm(x).  out, x: [T, size] */
  forward(ops: Ops, out: Tensor, x: Tensor): void {
    ops.rmsNorm(out, x, this.#weight, this.#eps);
  }

  /** residual += x, then out = norm(residual).  out, residual, x: [T, size] */
  addForward(ops: Ops, out: Tensor, residual: Tensor, x: Tensor): void {
    ops.addRmsNorm(out, residual, x, this.#weight, this.#eps);
  }
}
