// Self-attention over the paged cache: merged q, k and v projection, RoPE, cache write, attention, output projection.
import {
  type AttentionOptions,
  type FloatDType,
  type LinearWeight,
  reshape,
  slice,
  type Tensor,
  workspaceBytes,
} from "@octavo/core";
import type { ForwardContext } from "../causal-lm.js";
import type { ModelConfig } from "../model-config.js";
import { linearParameter, type ParameterSpec, type Parameters } from "../parameters.js";

export class Attention {
  readonly #config: ModelConfig;
  readonly #layer: number;
  readonly #qkv: LinearWeight;
  readonly #output: LinearWeight;
  readonly #ropeTable: Tensor;
  readonly #options: AttentionOptions;

  static parameters(id: string, config: ModelConfig): ParameterSpec[] {
    const { hiddenSize, numHeads, numKvHeads, headDim, attentionBias: bias } = config;
    const parts = [
      [`${id}.q_proj`, numHeads * headDim],
      [`${id}.k_proj`, numKvHeads * headDim],
      [`${id}.v_proj`, numKvHeads * headDim],
    ] as const;
    return [
      linearParameter(`${id}.qkv_proj`, hiddenSize, parts, { bias }),
      linearParameter(`${id}.o_proj`, numHeads * headDim, [[`${id}.o_proj`, hiddenSize]], { bias }),
    ];
  }

  /** Scratch that {@link forward} takes for `tokens` tokens. */
  static workspaceBytes(config: ModelConfig, dtype: FloatDType, tokens: number): number {
    const { numHeads, numKvHeads, headDim } = config;
    return (
      workspaceBytes(dtype, [tokens, (numHeads + 2 * numKvHeads) * headDim]) +
      workspaceBytes(dtype, [tokens, numHeads * headDim])
    );
  }

  /** @param layer index into the KV cache; @param ropeTable float32 [maxPositions, rotaryDim] */
  constructor(id: string, layer: number, config: ModelConfig, parameters: Parameters, ropeTable: Tensor) {
    this.#config = config;
    this.#layer = layer;
    this.#qkv = parameters.linear(`${id}.qkv_proj`);
    this.#output = parameters.linear(`${id}.o_proj`);
    this.#ropeTable = ropeTable;
    this.#options = { scale: config.headDim ** -0.5 };
  }

  /** out, x: [T, hidden] */
  forward({ ops, workspace, batch, kvCache }: ForwardContext, out: Tensor, x: Tensor): void {
    const { numHeads, numKvHeads, headDim } = this.#config;
    const tokens = x.shape[0]!;
    const keysAt = numHeads * headDim;
    const valuesAt = keysAt + numKvHeads * headDim;
    const mark = workspace.mark();
    const qkv = workspace.alloc(x.dtype, [tokens, this.#qkv.outFeatures]);
    ops.linear(qkv, x, this.#qkv);
    const q = reshape(slice(qkv, 1, 0, keysAt), [tokens, numHeads, headDim]);
    const k = reshape(slice(qkv, 1, keysAt, valuesAt), [tokens, numKvHeads, headDim]);
    const v = reshape(slice(qkv, 1, valuesAt, this.#qkv.outFeatures), [tokens, numKvHeads, headDim]);
    ops.rope(q, k, batch.positions, this.#ropeTable);

    const keys = kvCache.keys[this.#layer]!;
    const values = kvCache.values[this.#layer]!;
    ops.writeKv(keys, values, k, v, batch);
    const attended = workspace.alloc(x.dtype, [tokens, numHeads * headDim]);
    ops.pagedAttention(reshape(attended, [tokens, numHeads, headDim]), q, keys, values, batch, this.#options);
    ops.linear(out, attended, this.#output);
    workspace.release(mark);
  }
}
