// The feed-forward block down(silu(gate(x)) * up(x)), with gate and up merged (Shazeer 2020).
import { type FloatDType, type LinearWeight, type Tensor, workspaceBytes } from "@octavo/core";
import type { ForwardContext } from "../causal-lm.js";
import type { ModelConfig } from "../model-config.js";
import { linearParameter, type ParameterSpec, type Parameters } from "../parameters.js";

export class GatedMlp {
  readonly #gateUp: LinearWeight;
  readonly #down: LinearWeight;

  static parameters(id: string, { hiddenSize, intermediateSize, mlpBias: bias }: ModelConfig): ParameterSpec[] {
    const parts = [
      [`${id}.gate_proj`, intermediateSize],
      [`${id}.up_proj`, intermediateSize],
    ] as const;
    return [
      linearParameter(`${id}.gate_up_proj`, hiddenSize, parts, { bias }),
      linearParameter(`${id}.down_proj`, intermediateSize, [[`${id}.down_proj`, hiddenSize]], { bias }),
    ];
  }

  /** Scratch that {@link forward} takes for `tokens` tokens. */
  static workspaceBytes({ intermediateSize }: ModelConfig, dtype: FloatDType, tokens: number): number {
    return workspaceBytes(dtype, [tokens, 2 * intermediateSize]) + workspaceBytes(dtype, [tokens, intermediateSize]);
  }

  constructor(id: string, parameters: Parameters) {
    this.#gateUp = parameters.linear(`${id}.gate_up_proj`);
    this.#down = parameters.linear(`${id}.down_proj`);
  }

  /** out, x: [T, hidden] */
  forward({ ops, workspace }: ForwardContext, out: Tensor, x: Tensor): void {
    const tokens = x.shape[0]!;
    const mark = workspace.mark();
    const gateUp = workspace.alloc(x.dtype, [tokens, this.#gateUp.outFeatures]);
    ops.linear(gateUp, x, this.#gateUp);
    const activated = workspace.alloc(x.dtype, [tokens, this.#down.inFeatures]);
    ops.gatedActivation(activated, gateUp, "silu");
    ops.linear(out, activated, this.#down);
    workspace.release(mark);
  }
}
