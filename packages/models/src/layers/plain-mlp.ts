// down(f(up(x))).
import { type Activation, type FloatDType, type LinearWeight, type Tensor, workspaceBytes } from "@octavo/core";
import type { PlainMlpSpec } from "../blueprint.js";
import type { ForwardContext } from "../causal-lm.js";
import type { ParameterSpec, Parameters } from "../parameters.js";

export class PlainMlp {
  readonly #up: LinearWeight;
  readonly #down: LinearWeight;
  readonly #activation: Activation;

  static parameters({ up, down }: PlainMlpSpec): ParameterSpec[] {
    return [up, down];
  }

  static workspaceBytes({ down }: PlainMlpSpec, dtype: FloatDType, tokens: number): number {
    return workspaceBytes(dtype, [tokens, down.inFeatures]);
  }

  constructor({ activation, up, down }: PlainMlpSpec, parameters: Parameters) {
    this.#activation = activation;
    this.#up = parameters.linear(up.id);
    this.#down = parameters.linear(down.id);
  }

  forward({ ops, workspace }: ForwardContext, out: Tensor, x: Tensor): void {
    const mark = workspace.mark();
    const inner = workspace.alloc(x.dtype, [x.shape[0]!, this.#up.outFeatures]);
    ops.linear(inner, x, this.#up);
    ops.activate(inner, inner, this.#activation);
    ops.linear(out, inner, this.#down);
    workspace.release(mark);
  }
}
