// down(f(gate(x)) * up(x)), with gate and up merged (Shazeer 2020).
import { type FloatDType, type LinearWeight, type Tensor, workspaceBytes } from "@octavo/core";
import type { GatedMlpSpec } from "../blueprint.js";
import type { ForwardContext } from "../causal-lm.js";
import type { ParameterSpec, Parameters } from "../parameters.js";

export class GatedMlp {
  readonly #gateUp: LinearWeight;
  readonly #down: LinearWeight;
  readonly #activation: GatedMlpSpec["activation"];

  static parameters({ gateUp, down }: GatedMlpSpec): ParameterSpec[] {
    return [gateUp, down];
  }

  static workspaceBytes({ down }: GatedMlpSpec, dtype: FloatDType, tokens: number): number {
    return workspaceBytes(dtype, [tokens, 2 * down.inFeatures]) + workspaceBytes(dtype, [tokens, down.inFeatures]);
  }

  constructor({ activation, gateUp, down }: GatedMlpSpec, parameters: Parameters) {
    this.#activation = activation;
    this.#gateUp = parameters.linear(gateUp.id);
    this.#down = parameters.linear(down.id);
  }

  forward({ ops, workspace }: ForwardContext, out: Tensor, x: Tensor): void {
    const tokens = x.shape[0]!;
    const mark = workspace.mark();
    const gateUp = workspace.alloc(x.dtype, [tokens, this.#gateUp.outFeatures]);
    ops.linear(gateUp, x, this.#gateUp);
    const activated = workspace.alloc(x.dtype, [tokens, this.#down.inFeatures]);
    ops.gatedActivation(activated, gateUp, this.#activation);
    ops.linear(out, activated, this.#down);
    workspace.release(mark);
  }
}
