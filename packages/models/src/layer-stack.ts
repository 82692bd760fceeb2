// What encoders and decoders have in common: embedding, layers, final norm.
import { type FloatDType, type Tensor, workspaceBytes } from "@octavo/core";
import type { LayerSpec, StackBlueprint } from "./blueprint.js";
import type { ForwardContext } from "./causal-lm.js";
import { Embedding } from "./layers/embedding.js";
import { LayerInputs } from "./layers/layer-inputs.js";
import { Norm } from "./layers/norm.js";
import { ParallelBlock } from "./layers/parallel-block.js";
import { ResidualStream } from "./layers/residual-stream.js";
import { SequentialBlock } from "./layers/sequential-block.js";
import type { ModelParts } from "./model-parts.js";
import type { ParameterSpec } from "./parameters.js";

export class LayerStack {
  readonly #parts: ModelParts;
  readonly #embedding: Embedding;
  readonly #layerInputs: LayerInputs | undefined;
  readonly #layers: readonly (SequentialBlock | ParallelBlock)[];
  readonly #norm: Norm | undefined;

  static parameters({ embedding, layerInputs, layers, norm }: StackBlueprint): ParameterSpec[] {
    return [
      ...Embedding.parameters(embedding),
      ...LayerInputs.parameters(layerInputs),
      ...layers.flatMap((layer) =>
        layer.kind === "parallel" ? ParallelBlock.parameters(layer) : SequentialBlock.parameters(layer),
      ),
      ...Norm.parameters(norm),
    ];
  }

  constructor(parts: ModelParts) {
    const { blueprint, parameters } = parts;
    this.#parts = parts;
    this.#embedding = new Embedding(blueprint.embedding, parts);
    this.#layerInputs = blueprint.layerInputs && new LayerInputs(blueprint.layerInputs, parameters);
    this.#layers = blueprint.layers.map((layer, index) =>
      layer.kind === "parallel" ? new ParallelBlock(layer, index, parts) : new SequentialBlock(layer, index, parts),
    );
    this.#norm = Norm.optional(blueprint.norm, parameters);
  }

  /** @returns [T, hidden] in the workspace */
  forward(context: ForwardContext): Tensor {
    const { ops, workspace, batch, tap, numLayers = this.#layers.length } = context;
    const { config, parameters } = this.#parts;
    const shape = [batch.numTokens, config.hiddenSize];
    const out = workspace.alloc(parameters.dtype, shape);
    const mark = workspace.mark();
    const other = workspace.alloc(parameters.dtype, shape);
    const output = workspace.alloc(parameters.dtype, shape);
    // What is read last outlives the step's other tensors.
    const [residual, normed] = this.#norm ? [other, out] : [out, other];
    const stream = new ResidualStream(ops, residual, output, normed);
    this.#embedding.forward(context, stream.residual);
    tap?.("embedding", stream.residual);
    const inputs = this.#layerInputs?.forward(context, stream.residual);
    for (let index = 0; index < numLayers; index++) {
      this.#layers[index]!.forward(context, stream, inputs);
      tap?.(`layers.${index}`, stream.read(undefined));
    }
    const hidden = stream.read(this.#norm);
    tap?.("norm", hidden);
    workspace.release(mark);
    return hidden;
  }

  /** What `forward` returns, and what it takes beside that and gives back. */
  workspaceBytes(maxTokens: number): { readonly hidden: number; readonly scratch: number } {
    const { config, parameters, blueprint } = this.#parts;
    const { dtype } = parameters;
    const scratch = blueprint.layers.map((layer) => layerWorkspaceBytes(layer, dtype, maxTokens));
    const hidden = workspaceBytes(dtype, [maxTokens, config.hiddenSize]);
    const embedding = Embedding.workspaceBytes(blueprint.embedding, dtype, maxTokens);
    const inputs = LayerInputs.workspaceBytes(blueprint.layerInputs, dtype, maxTokens);
    return { hidden, scratch: 2 * hidden + Math.max(embedding, inputs + Math.max(...scratch)) };
  }
}

function layerWorkspaceBytes(layer: LayerSpec, dtype: FloatDType, tokens: number): number {
  return layer.kind === "parallel"
    ? ParallelBlock.workspaceBytes(layer, dtype, tokens)
    : SequentialBlock.workspaceBytes(layer, dtype, tokens);
}
