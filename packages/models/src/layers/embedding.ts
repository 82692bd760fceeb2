// Token ids to the residual stream.
import { type FloatDType, type LinearWeight, type Tensor, workspaceBytes } from "@octavo/core";
import type { EmbeddingSpec } from "../blueprint.js";
import type { ForwardContext } from "../causal-lm.js";
import type { ParameterSpec, Parameters } from "../parameters.js";
import { Norm } from "./norm.js";

export class Embedding {
  readonly #table: Tensor;
  readonly #scale: number;
  readonly #positions: Tensor | undefined;
  readonly #positionOffset: number;
  readonly #project: LinearWeight | undefined;
  readonly #norm: Norm | undefined;

  static parameters({ table, positions, project, norm }: EmbeddingSpec): ParameterSpec[] {
    return [table, ...(positions ? [positions.table] : []), ...(project ? [project] : []), ...Norm.parameters(norm)];
  }

  /** Scratch that {@link forward} takes for `tokens` tokens. */
  static workspaceBytes({ project }: EmbeddingSpec, dtype: FloatDType, tokens: number): number {
    return project ? workspaceBytes(dtype, [tokens, project.inFeatures]) : 0;
  }

  constructor({ table, scale = 1, positions, project, norm }: EmbeddingSpec, parameters: Parameters) {
    this.#table = parameters.tensor(table.id);
    this.#scale = scale;
    this.#positions = positions && parameters.tensor(positions.table.id);
    this.#positionOffset = positions?.offset ?? 0;
    this.#project = project && parameters.linear(project.id);
    this.#norm = Norm.optional(norm, parameters);
  }

  /** out: [T, hidden], for the batch's input ids and positions */
  forward({ ops, workspace, batch }: ForwardContext, out: Tensor): void {
    if (this.#project === undefined) {
      ops.embedding(out, this.#table, batch.inputIds);
    } else {
      const mark = workspace.mark();
      const narrow = workspace.alloc(out.dtype, [batch.numTokens, this.#project.inFeatures]);
      ops.embedding(narrow, this.#table, batch.inputIds);
      ops.linear(out, narrow, this.#project);
      workspace.release(mark);
    }
    if (this.#scale !== 1) ops.scale(out, this.#scale);
    if (this.#positions !== undefined)
      ops.addEmbedding(out, this.#positions, batch.positions, this.#positionOffset);
    this.#norm?.forward(ops, out, out);
  }
}
