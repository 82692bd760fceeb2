// A number of the checkpoint that multiplies the residual stream behind a layer (Gemma 4). It stays on the device.
import { reshape, slice, type Tensor, workspaceBytes } from "@octavo/core";
import type { ForwardContext } from "../causal-lm.js";
import type { ModelParts } from "../model-parts.js";
import type { TensorParameter } from "../parameters.js";

/** Tokens that are given the number at once. */
const SCALED_TOKENS = 2048;

export class StreamScale {
  readonly #value: Tensor;
  readonly #first: Tensor;

  /** Scratch that {@link forward} takes for `tokens` tokens. */
  static workspaceBytes(tokens: number): number {
    const scaled = Math.min(tokens, SCALED_TOKENS);
    return workspaceBytes("int32", [scaled]) + workspaceBytes("float32", [scaled]);
  }

  /** @param spec float32 [1] */
  constructor(spec: TensorParameter, { parameters, indices }: ModelParts) {
    this.#value = reshape(parameters.tensor(spec.id), [1, 1]);
    this.#first = indices(SCALED_TOKENS, () => 0);
  }

  /** x: [T, hidden], in place */
  forward({ ops, workspace }: ForwardContext, x: Tensor): void {
    const tokens = x.shape[0]!;
    const mark = workspace.mark();
    const scaled = Math.min(tokens, SCALED_TOKENS);
    const experts = workspace.alloc("int32", [scaled, 1]);
    const weights = workspace.alloc("float32", [scaled, 1]);
    ops.gatherRows(weights, this.#value, this.#first);
    for (let from = 0; from < tokens; from += SCALED_TOKENS) {
      const count = Math.min(tokens - from, SCALED_TOKENS);
      const rows = slice(x, 0, from, from + count);
      ops.combineExperts(rows, rows, { experts: slice(experts, 0, 0, count), weights: slice(weights, 0, 0, count) });
    }
    workspace.release(mark);
  }
}
