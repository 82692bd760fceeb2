// Hidden states to logits, with weights of its own or the embedding's.
import { type FloatDType, type LinearWeight, type Tensor, workspaceBytes } from "@octavo/core";
import type { HeadSpec } from "../blueprint.js";
import type { ForwardContext } from "../causal-lm.js";
import type { ParameterSpec, Parameters } from "../parameters.js";

export class LmHead {
  readonly #weight: LinearWeight;
  readonly #project: LinearWeight | undefined;
  readonly #scale: number;
  readonly #softcap: number | undefined;

  static parameters({ project, linear }: HeadSpec): ParameterSpec[] {
    return project ? [project, linear] : [linear];
  }

  /** What {@link forward} takes for `samples` rows. */
  static workspaceBytes({ project, linear }: HeadSpec, dtype: FloatDType, samples: number): number {
    const vocabSize = linear.parts.reduce((sum, { outFeatures }) => sum + outFeatures, 0);
    const narrow = project ? workspaceBytes(dtype, [samples, linear.inFeatures]) : 0;
    return workspaceBytes("float32", [samples, vocabSize]) + narrow;
  }

  constructor({ linear, project, scale = 1, softcap }: HeadSpec, parameters: Parameters) {
    this.#weight = parameters.linear(linear.id);
    this.#project = project && parameters.linear(project.id);
    this.#scale = scale;
    this.#softcap = softcap;
  }

  /** @param hidden [S, hidden]. @returns float32 [S, vocab] */
  forward({ ops, workspace }: ForwardContext, hidden: Tensor): Tensor {
    const samples = hidden.shape[0]!;
    const logits = workspace.alloc("float32", [samples, this.#weight.outFeatures]);
    let x = hidden;
    if (this.#project !== undefined) {
      x = workspace.alloc(hidden.dtype, [samples, this.#project.outFeatures]);
      ops.linear(x, hidden, this.#project);
    }
    ops.linear(logits, x, this.#weight);
    if (this.#scale !== 1) ops.scale(logits, this.#scale);
    if (this.#softcap !== undefined) ops.softcap(logits, this.#softcap);
    return logits;
  }
}
