// Attention, then the MLP, each added to the residual stream; with the norms that a layer has.
import type { FloatDType } from "@octavo/core";
import type { SequentialLayer } from "../blueprint.js";
import type { ForwardContext } from "../causal-lm.js";
import type { ModelParts } from "../model-parts.js";
import type { ParameterSpec } from "../parameters.js";
import { type Attention, attentionParameters, attentionWorkspaceBytes, createAttention } from "./attention.js";
import { createMlp, type Mlp, mlpParameters, mlpWorkspaceBytes } from "./mlp.js";
import { Norm } from "./norm.js";
import type { ResidualStream } from "./residual-stream.js";

export class SequentialBlock {
  readonly #index: number;
  readonly #attention: Attention;
  readonly #mlp: Mlp;
  readonly #inputNorm: Norm | undefined;
  readonly #inputStreamNorm: Norm | undefined;
  readonly #attentionOutputNorm: Norm | undefined;
  readonly #attentionStreamNorm: Norm | undefined;
  readonly #mlpNorm: Norm | undefined;
  readonly #mlpOutputNorm: Norm | undefined;
  readonly #mlpStreamNorm: Norm | undefined;
  readonly #outputScale: number;

  static parameters(layer: SequentialLayer): ParameterSpec[] {
    return [
      ...Norm.parameters(layer.inputNorm),
      ...Norm.parameters(layer.inputStreamNorm),
      ...attentionParameters(layer.attention),
      ...Norm.parameters(layer.attentionOutputNorm),
      ...Norm.parameters(layer.attentionStreamNorm),
      ...Norm.parameters(layer.mlpNorm),
      ...mlpParameters(layer.mlp),
      ...Norm.parameters(layer.mlpOutputNorm),
      ...Norm.parameters(layer.mlpStreamNorm),
    ];
  }

  static workspaceBytes({ attention, mlp }: SequentialLayer, dtype: FloatDType, tokens: number): number {
    return Math.max(attentionWorkspaceBytes(attention, dtype, tokens), mlpWorkspaceBytes(mlp, dtype, tokens));
  }

  constructor(layer: SequentialLayer, index: number, parts: ModelParts) {
    const { parameters } = parts;
    this.#index = index;
    this.#attention = createAttention(layer.attention, index, parts);
    this.#mlp = createMlp(layer.mlp, parameters);
    this.#inputNorm = Norm.optional(layer.inputNorm, parameters);
    this.#inputStreamNorm = Norm.optional(layer.inputStreamNorm, parameters);
    this.#attentionOutputNorm = Norm.optional(layer.attentionOutputNorm, parameters);
    this.#attentionStreamNorm = Norm.optional(layer.attentionStreamNorm, parameters);
    this.#mlpNorm = Norm.optional(layer.mlpNorm, parameters);
    this.#mlpOutputNorm = Norm.optional(layer.mlpOutputNorm, parameters);
    this.#mlpStreamNorm = Norm.optional(layer.mlpStreamNorm, parameters);
    this.#outputScale = layer.outputScale ?? 1;
  }

  forward(context: ForwardContext, stream: ResidualStream): void {
    if (this.#inputStreamNorm !== undefined) stream.normalize(this.#inputStreamNorm);
    this.#attention.forward(context, stream.output, stream.read(this.#inputNorm));
    this.#add(context, stream, "attention", this.#attentionOutputNorm, this.#attentionStreamNorm);
    this.#mlp.forward(context, stream.output, stream.read(this.#mlpNorm));
    this.#add(context, stream, "mlp", this.#mlpOutputNorm, this.#mlpStreamNorm);
  }

  #add(
    { ops, tap }: ForwardContext,
    stream: ResidualStream,
    name: string,
    outputNorm: Norm | undefined,
    streamNorm: Norm | undefined,
  ): void {
    outputNorm?.forward(ops, stream.output, stream.output);
    if (this.#outputScale !== 1) ops.scale(stream.output, this.#outputScale);
    tap?.(`layers.${this.#index}.${name}`, stream.output);
    stream.commit();
    if (streamNorm !== undefined) stream.normalize(streamNorm);
  }
}
