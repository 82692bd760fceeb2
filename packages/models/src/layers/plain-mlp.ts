// down(f(up(x))).
import { type Activation, type FloatDType, type LinearWeight, type Tensor, workspaceBytes } from "@octavo/core";
import type { PlainMlpSpec } from "../blueprint.js";
import type { ForwardContext } from "../causal-lm.js";
import type { ParameterSpec, Parameters } from "../parameters.js";

export class PlainMlp {
  readonly #up: LinearWeight;
  readonly #down: LinearWeight;
  readonly #activation: Activation;
  readonly #xielu: Tensor | undefined;

  static parameters({ up, xielu, down }: PlainMlpSpec): ParameterSpec[] {
    return [up, ...(xielu ? [xielu] : []), down];
  }

  static workspaceBytes({ down }: PlainMlpSpec, dtype: FloatDType, tokens: number): number {
    return workspaceBytes(dtype, [tokens, down.inFeatures]);
  }

  constructor({ activation, xielu, up, down }: PlainMlpSpec, parameters: Parameters) {
    this.#activation = activation;
    this.#xielu = xielu && parameters.tensor(xielu.id);
    this.#up = parameters.linear(up.id);
    this.#down = parameters.linear(down.id);
  }

  forward({ ops, workspace }: ForwardContext, out: Tensor, x: Tensor): void {
    const mark = workspace.mark();
    const inner = workspace.alloc(x.dtype, [x.shape[0]!, this.#up.outFeatures]);
    ops.linear(inner, x, this.#up);
    if (this.#xielu === undefined) ops.activate(inner, inner, this.#activation);
    else ops.xielu(inner, this.#xielu);
    ops.linear(out, inner, this.#down);
    workspace.release(mark);
  }
}
