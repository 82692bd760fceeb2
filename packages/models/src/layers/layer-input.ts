// output(f(gate(x)) * input): what a layer makes of the input that is its own, see layer-inputs.ts.
import { type FloatDType, type LinearWeight, reshape, slice, type Tensor, workspaceBytes } from "@octavo/core";
import type { LayerInputSpec } from "../blueprint.js";
import type { ForwardContext } from "../causal-lm.js";
import type { ModelParts } from "../model-parts.js";
import type { ParameterSpec } from "../parameters.js";

/** Tokens whose inputs are gathered at once. */
const GATHERED_TOKENS = 2048;

export class LayerInput {
  readonly #layer: number;
  readonly #activation: LayerInputSpec["activation"];
  readonly #gate: LinearWeight;
  readonly #output: LinearWeight;
  readonly #rows: Tensor;

  static parameters({ gate, output }: LayerInputSpec): ParameterSpec[] {
    return [gate, output];
  }

  /** Scratch that {@link forward} takes for `tokens` tokens. */
  static workspaceBytes({ output }: LayerInputSpec, dtype: FloatDType, tokens: number): number {
    const size = output.inFeatures;
    return workspaceBytes(dtype, [tokens, 2 * size]) + workspaceBytes(dtype, [tokens, size]);
  }

  constructor(
    { gate, output, activation }: LayerInputSpec,
    layer: number,
    { parameters, config, indices }: ModelParts,
  ) {
    this.#layer = layer;
    this.#activation = activation;
    this.#gate = parameters.linear(gate.id);
    this.#output = parameters.linear(output.id);
    // Of token t twice its layers' first: as gate, which is overwritten, and as what is gated.
    this.#rows = indices(2 * GATHERED_TOKENS, (row) => Math.floor(row / 2) * config.numLayers);
  }

  /** out, x: [T, hidden]; inputs: [T, layers * size] */
  forward({ ops, workspace }: ForwardContext, out: Tensor, x: Tensor, inputs: Tensor): void {
    const tokens = x.shape[0]!;
    const size = this.#gate.outFeatures;
    const layers = inputs.shape[1]! / size;
    const mark = workspace.mark();
    const gateUp = workspace.alloc(x.dtype, [tokens, 2 * size]);
    const halves = reshape(gateUp, [2 * tokens, size]);
    const rows = reshape(inputs, [tokens * layers, size]);
    for (let from = 0; from < tokens; from += GATHERED_TOKENS) {
      const to = Math.min(from + GATHERED_TOKENS, tokens);
      const own = slice(rows, 0, from * layers + this.#layer, tokens * layers);
      ops.gatherRows(slice(halves, 0, 2 * from, 2 * to), own, this.#rows);
    }
    ops.linear(slice(gateUp, 1, 0, size), x, this.#gate);
    const activated = workspace.alloc(x.dtype, [tokens, size]);
    ops.gatedActivation(activated, gateUp, this.#activation);
    ops.linear(out, activated, this.#output);
    workspace.release(mark);
  }
}
