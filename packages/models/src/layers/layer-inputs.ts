// What each layer is told of a token beside the stream (Gemma 4): a row of a table, and a projection of the token's embedding. They are
// computed for all layers at once, before the first.
import { type FloatDType, type LinearWeight, reshape, type Tensor, workspaceBytes } from "@octavo/core";
import type { LayerInputsSpec } from "../blueprint.js";
import type { ForwardContext } from "../causal-lm.js";
import type { ParameterSpec, Parameters } from "../parameters.js";
import { Norm } from "./norm.js";

export class LayerInputs {
  readonly #spec: LayerInputsSpec;
  readonly #table: Tensor;
  readonly #project: LinearWeight;
  readonly #norm: Norm;

  static parameters(spec: LayerInputsSpec | undefined): ParameterSpec[] {
    return spec ? [spec.table, spec.project, ...Norm.parameters(spec.norm)] : [];
  }

  /** What {@link forward} gives for `tokens` tokens. */
  static workspaceBytes(spec: LayerInputsSpec | undefined, dtype: FloatDType, tokens: number): number {
    return spec ? workspaceBytes(dtype, [tokens, spec.table.shape[1]!]) : 0;
  }

  constructor(spec: LayerInputsSpec, parameters: Parameters) {
    this.#spec = spec;
    this.#table = parameters.tensor(spec.table.id);
    this.#project = parameters.linear(spec.project.id);
    this.#norm = new Norm(spec.norm, parameters);
  }

  /** @param embedded [T, hidden]. @returns [T, layers * size] in the workspace */
  forward({ ops, workspace, batch }: ForwardContext, embedded: Tensor): Tensor {
    const { size, projectScale, tableScale, scale } = this.#spec;
    const width = this.#project.outFeatures;
    const out = workspace.alloc(embedded.dtype, [batch.numTokens, width]);
    ops.linear(out, embedded, this.#project);
    ops.scale(out, projectScale);
    const layers = reshape(out, [batch.numTokens, width / size, size]);
    this.#norm.forward(ops, layers, layers);
    // What is looked up is added as it stands, so that the rest is brought to its measure.
    ops.scale(out, 1 / tableScale);
    ops.addEmbedding(out, this.#table, batch.inputIds, 0);
    ops.scale(out, tableScale * scale);
    return out;
  }
}
