// Root mean square or layer norm, with or without adding the sub-layer before it to the residual stream.
import type { Ops, Tensor } from "@octavo/core";
import type { NormSpec } from "../blueprint.js";
import type { ParameterSpec, Parameters } from "../parameters.js";

export class Norm {
  readonly #weight: Tensor;
  readonly #bias: Tensor | undefined;
  readonly #isRms: boolean;
  readonly #eps: number;
  readonly #weightOffset: number;

  static parameters(spec: NormSpec | undefined): ParameterSpec[] {
    if (spec === undefined) return [];
    return spec.bias === undefined ? [spec.weight] : [spec.weight, spec.bias];
  }

  static optional(spec: NormSpec | undefined, parameters: Parameters): Norm | undefined {
    return spec && new Norm(spec, parameters);
  }

  constructor({ kind, weight, bias, eps, weightOffset = 0 }: NormSpec, parameters: Parameters) {
    this.#weight = parameters.tensor(weight.id);
    this.#bias = bias && parameters.tensor(bias.id);
    this.#isRms = kind === "rms";
    this.#eps = eps;
    this.#weightOffset = weightOffset;
  }

  /** out = norm(x).  out, x: [T, size] or [T, heads, size], may be strided over T; out may be x */
  forward(ops: Ops, out: Tensor, x: Tensor): void {
    if (this.#isRms) ops.rmsNorm(out, x, this.#weight, this.#eps, this.#weightOffset);
    else ops.layerNorm(out, x, this.#weight, this.#bias, this.#eps, this.#weightOffset);
  }

  /** residual += x, then out = norm(residual).  out, residual, x: [T, size] */
  addForward(ops: Ops, out: Tensor, residual: Tensor, x: Tensor): void {
    if (this.#isRms) ops.addRmsNorm(out, residual, x, this.#weight, this.#eps, this.#weightOffset);
    else ops.addLayerNorm(out, residual, x, this.#weight, this.#bias, this.#eps, this.#weightOffset);
  }
}
