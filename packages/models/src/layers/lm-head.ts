// Hidden states to logits, with weights of its own or the embedding's.
import { type LinearWeight, type Tensor, workspaceBytes } from "@octavo/core";
import type { ForwardContext } from "../causal-lm.js";
import type { ModelConfig } from "../model-config.js";
import { linearParameter, type ParameterSpec, type Parameters } from "../parameters.js";

const ID = "lm_head";

export class LmHead {
  readonly #weight: LinearWeight;

  /** @param embedding the embedding's checkpoint name, read instead of `lm_head` when the config ties the two */
  static parameters(embedding: string, config: ModelConfig): ParameterSpec[] {
    const name = config.tieWordEmbeddings ? embedding : ID;
    return [linearParameter(ID, config.hiddenSize, [[name, config.vocabSize]])];
  }

  /** What {@link forward} takes for `samples` rows. */
  static workspaceBytes({ vocabSize }: ModelConfig, samples: number): number {
    return workspaceBytes("float32", [samples, vocabSize]);
  }

  constructor(parameters: Parameters) {
    this.#weight = parameters.linear(ID);
  }

  /** @param hidden [S, hidden]. @returns float32 [S, vocab] */
  forward({ ops, workspace }: ForwardContext, hidden: Tensor): Tensor {
    const logits = workspace.alloc("float32", [hidden.shape[0]!, this.#weight.outFeatures]);
    ops.linear(logits, hidden, this.#weight);
    return logits;
  }
}
