// A model that ends with its hidden states, as its blueprint says: embedding, layers, where there is one a final norm. An encoder, whose
// steps hold whole prompts, or a decoder without its head.
import type { FloatDType, Tensor } from "@octavo/core";
import type { Encoder, ForwardContext } from "./causal-lm.js";
import { LayerStack } from "./layer-stack.js";
import type { ModelConfig } from "./model-config.js";
import type { ModelParts } from "./model-parts.js";

export class EncoderModel implements Encoder {
  readonly kind = "encoder";
  readonly config: ModelConfig;
  readonly dtype: FloatDType;
  readonly weightBytes: number;
  readonly #parts: ModelParts;
  readonly #stack: LayerStack;

  constructor(parts: ModelParts) {
    this.config = parts.config;
    this.dtype = parts.parameters.dtype;
    this.weightBytes = parts.weightBytes;
    this.#parts = parts;
    this.#stack = new LayerStack(parts);
  }

  forward(context: ForwardContext): Tensor {
    return this.#stack.forward(context);
  }

  ropeOffset(promptLength: number): number {
    return this.#parts.ropeOffset(promptLength);
  }

  workspaceBytes(maxTokens: number): number {
    const { hidden, scratch } = this.#stack.workspaceBytes(maxTokens);
    return hidden + scratch;
  }

  dispose(): void {
    this.#parts.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
