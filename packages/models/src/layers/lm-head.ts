// Hidden states to logits, with weights of its own or the embedding's.
import { type Activation, type FloatDType, type LinearWeight, type Tensor, workspaceBytes } from "@octavo/core";
import type { HeadSpec } from "../blueprint.js";
import type { ForwardContext } from "../causal-lm.js";
import type { ParameterSpec, Parameters } from "../parameters.js";
import { Norm } from "./norm.js";

export class LmHead {
  readonly #weight: LinearWeight;
  readonly #project: LinearWeight | undefined;
  readonly #activation: Activation | undefined;
  readonly #norm: Norm | undefined;
  readonly #scale: number;
  readonly #softcap: number | undefined;

  static parameters({ project, norm, linear }: HeadSpec): ParameterSpec[] {
    return [...(project ? [project] : []), ...Norm.parameters(norm), linear];
  }

  /** What {@link forward} takes for `samples` rows. */
  static workspaceBytes({ project, linear }: HeadSpec, dtype: FloatDType, samples: number): number {
    const vocabSize = linear.parts.reduce((sum, { outFeatures }) => sum + outFeatures, 0);
    const narrow = project ? workspaceBytes(dtype, [samples, linear.inFeatures]) : 0;
    return workspaceBytes("float32", [samples, vocabSize]) + narrow;
  }

  constructor({ linear, project, activation, norm, scale = 1, softcap }: HeadSpec, parameters: Parameters) {
    this.#weight = parameters.linear(linear.id);
    this.#project = project && parameters.linear(project.id);
    this.#activation = activation;
    this.#norm = Norm.optional(norm, parameters);
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
      if (this.#activation !== undefined) ops.activate(x, x, this.#activation);
      this.#norm?.forward(ops, x, x);
    }
    ops.linear(logits, x, this.#weight);
    if (this.#scale !== 1) ops.scale(logits, this.#scale);
    if (this.#softcap !== undefined) ops.softcap(logits, this.#softcap);
    return logits;
  }
}
