// Self-attention: merged q, k and v projection, norms of heads, RoPE, attention over the paged cache or of whole prompts, output
// projection.
import {
  type AttentionOptions,
  type FloatDType,
  type LinearWeight,
  reshape,
  slice,
  type Tensor,
  workspaceBytes,
} from "@octavo/core";
import type { AttentionSpec } from "../blueprint.js";
import type { ForwardContext } from "../causal-lm.js";
import type { ModelParts } from "../model-parts.js";
import type { ParameterSpec } from "../parameters.js";
import { Norm } from "./norm.js";

export class SelfAttention {
  readonly #spec: AttentionSpec;
  readonly #cachedIn: number;
  readonly #qkv: LinearWeight;
  readonly #output: LinearWeight;
  readonly #queryNorm: Norm | undefined;
  readonly #keyNorm: Norm | undefined;
  readonly #valueNorm: Norm | undefined;
  readonly #normsHeads: boolean;
  readonly #ropeTable: Tensor | undefined;
  readonly #options: AttentionOptions;

  static parameters({ qkv, output, queryNorm, keyNorm, valueNorm, sinks }: AttentionSpec): ParameterSpec[] {
    const norms = [queryNorm, keyNorm, valueNorm].flatMap((norm) => Norm.parameters(norm));
    return [qkv, ...norms, ...(sinks ? [sinks] : []), output];
  }

  /** Scratch that {@link forward} takes for `tokens` tokens. */
  static workspaceBytes(spec: AttentionSpec, dtype: FloatDType, tokens: number): number {
    const { numHeads, numKvHeads, headDim } = spec;
    return (
      workspaceBytes(dtype, [tokens, (numHeads + 2 * numKvHeads) * headDim]) +
      workspaceBytes(dtype, [tokens, numHeads * headDim])
    );
  }

  /** @param layer index into the KV cache, where there is one */
  constructor(spec: AttentionSpec, layer: number, { parameters, ropeTables, constant }: ModelParts) {
    const { qkv, output, queryNorm, keyNorm, valueNorm, rope, scale, window, softcap, sinks, slopes } = spec;
    this.#spec = spec;
    this.#cachedIn = spec.cachedIn ?? layer;
    this.#qkv = parameters.linear(qkv.id);
    this.#output = parameters.linear(output.id);
    this.#queryNorm = Norm.optional(queryNorm, parameters);
    this.#keyNorm = Norm.optional(keyNorm, parameters);
    this.#valueNorm = Norm.optional(valueNorm, parameters);
    this.#normsHeads = queryNorm?.weight.shape.at(-1) === spec.headDim;
    this.#ropeTable = rope === undefined ? undefined : ropeTables[rope]!;
    this.#options = {
      scale,
      window,
      softcap,
      sinks: sinks && parameters.tensor(sinks.id),
      slopes: slopes && constant(slopes),
    };
  }

  /** out, x: [T, hidden] */
  forward(context: ForwardContext, out: Tensor, x: Tensor): void {
    const { numHeads, numKvHeads, headDim, clip, cachedIn, normsTurned = false } = this.#spec;
    const { ops, workspace } = context;
    const tokens = x.shape[0]!;
    const ownHeads = cachedIn === undefined ? numKvHeads : 0;
    const keysAt = numHeads * headDim;
    const valuesAt = keysAt + ownHeads * headDim;
    const mark = workspace.mark();
    const qkv = workspace.alloc(x.dtype, [tokens, this.#qkv.outFeatures]);
    ops.linear(qkv, x, this.#qkv);
    if (clip !== undefined) ops.clamp(qkv, clip);
    const queries = slice(qkv, 1, 0, keysAt);
    const keys = slice(qkv, 1, keysAt, valuesAt);
    const q = reshape(queries, [tokens, numHeads, headDim]);
    const k = reshape(keys, [tokens, ownHeads, headDim]);
    const v = reshape(slice(qkv, 1, valuesAt, this.#qkv.outFeatures), [tokens, ownHeads, headDim]);
    const [normedQ, normedK] = this.#normsHeads ? [q, k] : [queries, keys];
    if (normsTurned) this.#turn(context, q, k);
    this.#queryNorm?.forward(ops, normedQ, normedQ);
    this.#keyNorm?.forward(ops, normedK, normedK);
    this.#valueNorm?.forward(ops, v, v);
    if (!normsTurned) this.#turn(context, q, k);
    const attended = workspace.alloc(x.dtype, [tokens, numHeads * headDim]);
    this.#attend(context, reshape(attended, [tokens, numHeads, headDim]), q, k, v);
    ops.linear(out, attended, this.#output);
    workspace.release(mark);
  }

  #turn({ ops, batch }: ForwardContext, q: Tensor, k: Tensor): void {
    if (this.#ropeTable !== undefined) ops.rope(q, k, batch.positions, this.#ropeTable);
  }

  #attend({ ops, batch, layerBatches, kvCache }: ForwardContext, out: Tensor, q: Tensor, k: Tensor, v: Tensor): void {
    if (this.#spec.isBidirectional) {
      ops.encoderAttention(out, q, k, v, batch, this.#options);
      return;
    }
    const keyCache = this.#view(kvCache.keys[this.#cachedIn]!);
    const valueCache = this.#view(kvCache.values[this.#cachedIn]!);
    const own = layerBatches === undefined ? batch : layerBatches[this.#cachedIn]!;
    if (this.#spec.cachedIn === undefined) ops.writeKv(keyCache, valueCache, k, v, own);
    ops.pagedAttention(out, q, keyCache, valueCache, own, this.#options);
  }

  /** The cache with this layer's heads: in some models they are wider and fewer than those of others, or narrower and more. */
  #view(cache: Tensor): Tensor {
    const { numKvHeads, headDim } = this.#spec;
    const [blocks, heads, blockSize] = cache.shape;
    return heads === numKvHeads ? cache : reshape(cache, [blocks!, numKvHeads, blockSize!, headDim]);
  }
}
