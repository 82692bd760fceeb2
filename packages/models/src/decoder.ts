// A decoder-only model as its blueprint says: embedding, layers, final norm, head.
import { type FloatDType, type Tensor, workspaceBytes } from "@octavo/core";
import type { Blueprint } from "./blueprint.js";
import type { CausalLM, ForwardContext } from "./causal-lm.js";
import { LayerStack } from "./layer-stack.js";
import { LmHead } from "./layers/lm-head.js";
import type { ModelConfig } from "./model-config.js";
import type { ModelParts } from "./model-parts.js";

export class Decoder implements CausalLM {
  readonly kind = "decoder";
  readonly config: ModelConfig;
  readonly dtype: FloatDType;
  readonly weightBytes: number;
  readonly #parts: ModelParts<Blueprint>;
  readonly #stack: LayerStack;
  readonly #head: LmHead;

  constructor(parts: ModelParts<Blueprint>) {
    const { config, blueprint, parameters } = parts;
    this.config = config;
    this.dtype = parameters.dtype;
    this.weightBytes = parts.weightBytes;
    this.#parts = parts;
    this.#stack = new LayerStack(parts);
    this.#head = new LmHead(blueprint.head, parameters);
  }

  forward(context: ForwardContext): Tensor {
    return this.#stack.forward(context);
  }

  logits(context: ForwardContext, hidden: Tensor): Tensor {
    return this.#head.forward(context, hidden);
  }

  ropeOffset(promptLength: number): number {
    return this.#parts.ropeOffset(promptLength);
  }

  workspaceBytes(maxTokens: number, maxSamples: number): number {
    const { dtype } = this;
    const { hidden, scratch } = this.#stack.workspaceBytes(maxTokens);
    const sampling =
      workspaceBytes(dtype, [maxSamples, this.config.hiddenSize]) +
      LmHead.workspaceBytes(this.#parts.blueprint.head, dtype, maxSamples);
    return hidden + Math.max(scratch, sampling);
  }

  dispose(): void {
    this.#parts.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
