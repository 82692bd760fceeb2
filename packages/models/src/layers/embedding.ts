// Token ids to vectors.
import type { Ops, Tensor } from "@octavo/core";
import { type ParameterSpec, type Parameters, tensorParameter } from "../parameters.js";

export class Embedding {
  readonly #table: Tensor;

  static parameters(id: string, vocabSize: number, hiddenSize: number): ParameterSpec[] {
    return [tensorParameter(id, [vocabSize, hiddenSize])];
  }

  constructor(id: string, parameters: Parameters) {
    this.#table = parameters.tensor(id);
  }

  /** out: [T, hidden]; ids: int32 [>= T] */
  forward(ops: Ops, out: Tensor, ids: Tensor): void {
    ops.embedding(out, this.#table, ids);
  }
}
