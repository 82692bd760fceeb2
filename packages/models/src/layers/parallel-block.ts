// Attention and MLP side by side: both read the stream as it was before the layer.
import { type FloatDType, type Tensor, workspaceBytes } from "@octavo/core";
import type { ParallelLayer } from "../blueprint.js";
import type { ForwardContext } from "../causal-lm.js";
import type { ModelParts } from "../model-parts.js";
import type { ParameterSpec } from "../parameters.js";
import { type Attention, attentionParameters, attentionWorkspaceBytes, createAttention } from "./attention.js";
import { createMlp, type Mlp, mlpParameters, mlpWorkspaceBytes } from "./mlp.js";
import { Norm } from "./norm.js";
import type { ResidualStream } from "./residual-stream.js";

export class ParallelBlock {
  readonly #index: number;
  readonly #attention: Attention;
  readonly #mlp: Mlp;
  readonly #inputNorm: Norm;
  readonly #mlpNorm: Norm | undefined;

  static parameters({ inputNorm, attention, mlpNorm, mlp }: ParallelLayer): ParameterSpec[] {
    return [
      ...Norm.parameters(inputNorm),
      ...attentionParameters(attention),
      ...Norm.parameters(mlpNorm),
      ...mlpParameters(mlp),
    ];
  }

  static workspaceBytes({ attention, mlp }: ParallelLayer, dtype: FloatDType, tokens: number): number {
    const attended = workspaceBytes(dtype, [tokens, hiddenSizeOf(attention)]);
    return Math.max(
      attentionWorkspaceBytes(attention, dtype, tokens),
      attended + mlpWorkspaceBytes(mlp, dtype, tokens),
    );
  }

  constructor({ inputNorm, attention, mlpNorm, mlp }: ParallelLayer, index: number, parts: ModelParts) {
    this.#index = index;
    this.#attention = createAttention(attention, index, parts);
    this.#mlp = createMlp(mlp, parts.parameters);
    this.#inputNorm = new Norm(inputNorm, parts.parameters);
    this.#mlpNorm = Norm.optional(mlpNorm, parts.parameters);
  }

  forward(context: ForwardContext, stream: ResidualStream): void {
    const { ops, workspace, tap } = context;
    const { output } = stream;
    const normed = stream.read(this.#inputNorm);
    this.#attention.forward(context, output, normed);
    tap?.(`layers.${this.#index}.attention`, output);
    const forMlp: Tensor = this.#mlpNorm ? stream.read(this.#mlpNorm) : normed;
    const mark = workspace.mark();
    const fromMlp = workspace.alloc(output.dtype, output.shape);
    this.#mlp.forward(context, fromMlp, forMlp);
    tap?.(`layers.${this.#index}.mlp`, fromMlp);
    ops.add(output, fromMlp);
    workspace.release(mark);
    stream.commit();
  }
}

function hiddenSizeOf({ output }: ParallelLayer["attention"]): number {
  return output.parts.reduce((sum, { outFeatures }) => sum + outFeatures, 0);
}
