// A decoder-only model as its blueprint says: embedding, layers, final norm, head.
import { type FloatDType, type Tensor, workspaceBytes } from "@octavo/core";
import type { Blueprint, LayerSpec } from "./blueprint.js";
import type { CausalLM, ForwardContext } from "./causal-lm.js";
import { Embedding } from "./layers/embedding.js";
import { LmHead } from "./layers/lm-head.js";
import { Norm } from "./layers/norm.js";
import { ParallelBlock } from "./layers/parallel-block.js";
import { ResidualStream } from "./layers/residual-stream.js";
import { SequentialBlock } from "./layers/sequential-block.js";
import type { ModelConfig } from "./model-config.js";
import type { ModelParts } from "./model-parts.js";
import type { ParameterSpec } from "./parameters.js";

/** The weights of a model, in the order in which they are loaded. */
export function blueprintParameters({ embedding, layers, norm, head }: Blueprint): ParameterSpec[] {
  return [
    ...Embedding.parameters(embedding),
    ...layers.flatMap((layer) =>
      layer.kind === "parallel" ? ParallelBlock.parameters(layer) : SequentialBlock.parameters(layer),
    ),
    ...Norm.parameters(norm),
    ...LmHead.parameters(head),
  ];
}

export class Decoder implements CausalLM {
  readonly config: ModelConfig;
  readonly dtype: FloatDType;
  readonly weightBytes: number;
  readonly #parts: ModelParts;
  readonly #embedding: Embedding;
  readonly #layers: readonly (SequentialBlock | ParallelBlock)[];
  readonly #norm: Norm | undefined;
  readonly #head: LmHead;

  constructor(parts: ModelParts) {
    const { config, blueprint, parameters } = parts;
    this.config = config;
    this.dtype = parameters.dtype;
    this.weightBytes = parts.weightBytes;
    this.#parts = parts;
    this.#embedding = new Embedding(blueprint.embedding, parameters);
    this.#layers = blueprint.layers.map((layer, index) =>
      layer.kind === "parallel" ? new ParallelBlock(layer, index, parts) : new SequentialBlock(layer, index, parts),
    );
    this.#norm = Norm.optional(blueprint.norm, parameters);
    this.#head = new LmHead(blueprint.head, parameters);
  }

  forward(context: ForwardContext): Tensor {
    const { ops, workspace, batch, tap, numLayers = this.#layers.length } = context;
    const shape = [batch.numTokens, this.config.hiddenSize];
    const out = workspace.alloc(this.dtype, shape);
    const mark = workspace.mark();
    const other = workspace.alloc(this.dtype, shape);
    const output = workspace.alloc(this.dtype, shape);
    // What is read last outlives the step's other tensors.
    const [residual, normed] = this.#norm ? [other, out] : [out, other];
    const stream = new ResidualStream(ops, residual, output, normed);
    this.#embedding.forward(context, stream.residual);
    tap?.("embedding", stream.residual);
    for (let index = 0; index < numLayers; index++) {
      this.#layers[index]!.forward(context, stream);
      tap?.(`layers.${index}`, stream.read(undefined));
    }
    const hidden = stream.read(this.#norm);
    tap?.("norm", hidden);
    workspace.release(mark);
    return hidden;
  }

  logits(context: ForwardContext, hidden: Tensor): Tensor {
    return this.#head.forward(context, hidden);
  }

  ropeOffset(promptLength: number): number {
    return this.#parts.ropeOffset(promptLength);
  }

  workspaceBytes(maxTokens: number, maxSamples: number): number {
    const { dtype } = this;
    const { hiddenSize } = this.config;
    const { embedding, layers, head } = this.#parts.blueprint;
    const scratch = layers.map((layer) => layerWorkspaceBytes(layer, dtype, maxTokens));
    const rows = workspaceBytes(dtype, [maxTokens, hiddenSize]);
    const forward = 2 * rows + Math.max(Embedding.workspaceBytes(embedding, dtype, maxTokens), ...scratch);
    const sampling =
      workspaceBytes(dtype, [maxSamples, hiddenSize]) + LmHead.workspaceBytes(head, dtype, maxSamples);
    return rows + Math.max(forward, sampling);
  }

  dispose(): void {
    this.#parts.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

function layerWorkspaceBytes(layer: LayerSpec, dtype: FloatDType, tokens: number): number {
  return layer.kind === "parallel"
    ? ParallelBlock.workspaceBytes(layer, dtype, tokens)
    : SequentialBlock.workspaceBytes(layer, dtype, tokens);
}
