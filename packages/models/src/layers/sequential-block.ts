// Attention, then the MLP, each added to the residual stream; with the norms that a layer has.
import type { FloatDType, Tensor } from "@octavo/core";
import type { SequentialLayer } from "../blueprint.js";
import type { ForwardContext } from "../causal-lm.js";
import type { ModelParts } from "../model-parts.js";
import type { ParameterSpec } from "../parameters.js";
import { type Attention, attentionParameters, attentionWorkspaceBytes, createAttention } from "./attention.js";
import { LayerInput } from "./layer-input.js";
import { createMlp, type Mlp, mlpParameters, mlpWorkspaceBytes } from "./mlp.js";
import { Norm } from "./norm.js";
import type { ResidualStream } from "./residual-stream.js";
import { StreamScale } from "./stream-scale.js";

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
  readonly #input: LayerInput | undefined;
  readonly #inputOutputNorm: Norm | undefined;
  readonly #outputScale: number;
  readonly #streamScale: StreamScale | undefined;

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
      ...(layer.input ? [...LayerInput.parameters(layer.input), ...Norm.parameters(layer.input.norm)] : []),
      ...(layer.streamScale ? [layer.streamScale] : []),
    ];
  }

  static workspaceBytes(
    { attention, mlp, input, streamScale }: SequentialLayer,
    dtype: FloatDType,
    tokens: number,
  ): number {
    return Math.max(
      attentionWorkspaceBytes(attention, dtype, tokens),
      mlpWorkspaceBytes(mlp, dtype, tokens),
      input ? LayerInput.workspaceBytes(input, dtype, tokens) : 0,
      streamScale ? StreamScale.workspaceBytes(tokens) : 0,
    );
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
    this.#input = layer.input && new LayerInput(layer.input, index, parts);
    this.#inputOutputNorm = Norm.optional(layer.input?.norm, parameters);
    this.#outputScale = layer.outputScale ?? 1;
    this.#streamScale = layer.streamScale && new StreamScale(layer.streamScale, parts);
  }

  /** @param inputs of all layers, where they have some: [T, layers * size] */
  forward(context: ForwardContext, stream: ResidualStream, inputs: Tensor | undefined): void {
    if (this.#inputStreamNorm !== undefined) stream.normalize(this.#inputStreamNorm);
    this.#attention.forward(context, stream.output, stream.read(this.#inputNorm));
    this.#add(context, stream, "attention", this.#attentionOutputNorm, this.#attentionStreamNorm);
    this.#mlp.forward(context, stream.output, stream.read(this.#mlpNorm));
    this.#add(context, stream, "mlp", this.#mlpOutputNorm, this.#mlpStreamNorm);
    if (this.#input !== undefined && inputs !== undefined) {
      this.#input.forward(context, stream.output, stream.read(undefined), inputs);
      this.#add(context, stream, "input", this.#inputOutputNorm, undefined);
    }
    this.#streamScale?.forward(context, stream.read(undefined));
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
