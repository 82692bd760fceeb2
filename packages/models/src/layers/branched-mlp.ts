// MLPs side by side: each reads the stream, norms of its own before and behind it, and their outputs are added (Gemma 4 with experts).
import { type FloatDType, type Tensor, workspaceBytes } from "@octavo/core";
import type { BranchedMlpSpec, ExpertsMlpSpec, GatedMlpSpec } from "../blueprint.js";
import type { ForwardContext } from "../causal-lm.js";
import type { ParameterSpec, Parameters } from "../parameters.js";
import { ExpertsMlp } from "./experts-mlp.js";
import { GatedMlp } from "./gated-mlp.js";
import { Norm } from "./norm.js";

interface Branch {
  readonly inputNorm: Norm | undefined;
  readonly mlp: GatedMlp | ExpertsMlp;
  readonly outputNorm: Norm;
}

export class BranchedMlp {
  readonly #branches: readonly Branch[];

  static parameters({ branches }: BranchedMlpSpec): ParameterSpec[] {
    return branches.flatMap(({ inputNorm, mlp, outputNorm }) => [
      ...Norm.parameters(inputNorm),
      ...(mlp.kind === "gated" ? GatedMlp.parameters(mlp) : ExpertsMlp.parameters(mlp)),
      ...Norm.parameters(outputNorm),
    ]);
  }

  static workspaceBytes({ branches }: BranchedMlpSpec, dtype: FloatDType, tokens: number): number {
    const [{ mlp: first }] = branches as [BranchedMlpSpec["branches"][number]];
    const rows = workspaceBytes(dtype, [tokens, first.gateUp.inFeatures]);
    return 2 * rows + Math.max(...branches.map(({ mlp }) => scratchBytes(mlp, dtype, tokens)));
  }

  constructor({ branches }: BranchedMlpSpec, parameters: Parameters) {
    this.#branches = branches.map(({ inputNorm, mlp, outputNorm }) => ({
      inputNorm: Norm.optional(inputNorm, parameters),
      mlp: mlp.kind === "gated" ? new GatedMlp(mlp, parameters) : new ExpertsMlp(mlp, parameters),
      outputNorm: new Norm(outputNorm, parameters),
    }));
  }

  forward(context: ForwardContext, out: Tensor, x: Tensor): void {
    const { ops, workspace } = context;
    const mark = workspace.mark();
    const own = workspace.alloc(x.dtype, x.shape);
    const normed = workspace.alloc(x.dtype, x.shape);
    for (const [index, { inputNorm, mlp, outputNorm }] of this.#branches.entries()) {
      const to = index === 0 ? out : own;
      inputNorm?.forward(ops, normed, x);
      mlp.forward(context, to, inputNorm ? normed : x);
      outputNorm.forward(ops, to, to);
      if (index > 0) ops.add(out, to);
    }
    workspace.release(mark);
  }
}

function scratchBytes(mlp: GatedMlpSpec | ExpertsMlpSpec, dtype: FloatDType, tokens: number): number {
  return mlp.kind === "gated"
    ? GatedMlp.workspaceBytes(mlp, dtype, tokens)
    : ExpertsMlp.workspaceBytes(mlp, dtype, tokens);
}
