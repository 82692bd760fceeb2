// Token ids to the residual stream.
import { type FloatDType, type LinearWeight, slice, type Tensor, tensor, workspaceBytes } from "@octavo/core";
import type { EmbeddingSpec } from "../blueprint.js";
import type { ForwardContext } from "../causal-lm.js";
import type { ModelParts } from "../model-parts.js";
import type { ParameterSpec } from "../parameters.js";
import { Norm } from "./norm.js";

/** Tokens that are given their type at once. */
const TYPED_TOKENS = 2048;

export class Embedding {
  readonly #table: Tensor;
  readonly #scale: number;
  readonly #positions: Tensor | undefined;
  readonly #positionOffset: number;
  readonly #tokenTypes: { readonly table: Tensor; readonly ids: Tensor } | undefined;
  readonly #project: LinearWeight | undefined;
  readonly #projectsLast: boolean;
  readonly #norm: Norm | undefined;

  static parameters({ table, positions, tokenTypes, project, norm }: EmbeddingSpec): ParameterSpec[] {
    return [
      table,
      ...(positions ? [positions.table] : []),
      ...(tokenTypes ? [tokenTypes] : []),
      ...(project ? [project] : []),
      ...Norm.parameters(norm),
    ];
  }

  /** Scratch that {@link forward} takes for `tokens` tokens. */
  static workspaceBytes({ project }: EmbeddingSpec, dtype: FloatDType, tokens: number): number {
    return project ? workspaceBytes(dtype, [tokens, project.inFeatures]) : 0;
  }

  constructor(spec: EmbeddingSpec, { parameters, constant }: ModelParts) {
    const { table, scale = 1, positions, tokenTypes, project, projectsLast = false, norm } = spec;
    this.#table = parameters.tensor(table.id);
    this.#scale = scale;
    this.#positions = positions && parameters.tensor(positions.table.id);
    this.#positionOffset = positions?.offset ?? 0;
    this.#tokenTypes = tokenTypes && { table: parameters.tensor(tokenTypes.id), ids: zeroIds(constant) };
    this.#project = project && parameters.linear(project.id);
    this.#projectsLast = projectsLast;
    this.#norm = Norm.optional(norm, parameters);
  }

  /** out: [T, hidden], for the batch's input ids and positions */
  forward(context: ForwardContext, out: Tensor): void {
    const { ops, workspace, batch } = context;
    if (this.#project === undefined) {
      ops.embedding(out, this.#table, batch.inputIds);
      this.#complete(context, out);
      return;
    }
    const mark = workspace.mark();
    const narrow = workspace.alloc(out.dtype, [batch.numTokens, this.#project.inFeatures]);
    ops.embedding(narrow, this.#table, batch.inputIds);
    if (this.#projectsLast) this.#complete(context, narrow);
    ops.linear(out, narrow, this.#project);
    workspace.release(mark);
    if (!this.#projectsLast) this.#complete(context, out);
  }

  /** What is done with the rows of the table. */
  #complete({ ops, batch }: ForwardContext, out: Tensor): void {
    if (this.#scale !== 1) ops.scale(out, this.#scale);
    if (this.#positions !== undefined) ops.addEmbedding(out, this.#positions, batch.positions, this.#positionOffset);
    if (this.#tokenTypes !== undefined) {
      const { table, ids } = this.#tokenTypes;
      for (let from = 0; from < batch.numTokens; from += TYPED_TOKENS) {
        const tokens = slice(out, 0, from, Math.min(from + TYPED_TOKENS, batch.numTokens));
        ops.addEmbedding(tokens, table, ids, 0);
      }
    }
    this.#norm?.forward(ops, out, out);
  }
}

/** int32 [TYPED_TOKENS]; zeros are the same bits in float32. */
function zeroIds(constant: ModelParts["constant"]): Tensor {
  const { storage, byteOffset } = constant(new Array<number>(TYPED_TOKENS).fill(0));
  return tensor("int32", [TYPED_TOKENS], storage, byteOffset);
}
