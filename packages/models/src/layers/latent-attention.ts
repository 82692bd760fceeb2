// Latent attention in its absorbed form (DeepSeek-AI 2024): what is cached of a token is one row for all heads, a rotated key and a
// latent. Queries are brought into the latent's space, so that a row is their key and its latent their value; what they collect is
// brought from there into the space of the head's values.
import {
  type AttentionOptions,
  type ExpertWeights,
  type FloatDType,
  type LinearWeight,
  reshape,
  slice,
  type Tensor,
  workspaceBytes,
} from "@octavo/core";
import type { LatentAttentionSpec } from "../blueprint.js";
import type { ForwardContext } from "../causal-lm.js";
import type { ModelParts } from "../model-parts.js";
import type { ParameterSpec } from "../parameters.js";
import { Norm } from "./norm.js";

export class LatentAttention {
  readonly #spec: LatentAttentionSpec;
  readonly #layer: number;
  readonly #down: LinearWeight;
  readonly #queryNorm: Norm | undefined;
  readonly #latentNorm: Norm;
  readonly #query: LinearWeight;
  readonly #turningQuery: ExpertWeights;
  readonly #queryToLatent: ExpertWeights;
  readonly #latentToValue: ExpertWeights;
  readonly #output: LinearWeight;
  readonly #ropeTable: Tensor;
  readonly #options: AttentionOptions;

  static parameters(spec: LatentAttentionSpec): ParameterSpec[] {
    const { down, queryNorm, latentNorm, query, turningQuery, queryToLatent, latentToValue, output } = spec;
    return [
      down,
      ...Norm.parameters(queryNorm),
      ...Norm.parameters(latentNorm),
      query,
      turningQuery,
      queryToLatent,
      latentToValue,
      output,
    ];
  }

  /** Scratch that {@link forward} takes for `tokens` tokens. */
  static workspaceBytes(spec: LatentAttentionSpec, dtype: FloatDType, tokens: number): number {
    const { numHeads, latentDim, rotaryDim, output } = spec;
    const rows = tokens * numHeads;
    const keyDim = rotaryDim + latentDim;
    return (
      workspaceBytes(dtype, [tokens, queryLatentDim(spec) + keyDim]) +
      workspaceBytes(dtype, [rows, keyDim]) +
      Math.max(
        workspaceBytes(dtype, [rows, spec.queryToLatent.inFeatures]),
        workspaceBytes(dtype, [rows, latentDim]) + workspaceBytes(dtype, [tokens, output.inFeatures]),
      )
    );
  }

  /** @param layer index into the KV cache */
  constructor(spec: LatentAttentionSpec, layer: number, { parameters, ropeTables }: ModelParts) {
    this.#spec = spec;
    this.#layer = layer;
    this.#down = parameters.linear(spec.down.id);
    this.#queryNorm = Norm.optional(spec.queryNorm, parameters);
    this.#latentNorm = new Norm(spec.latentNorm, parameters);
    this.#query = parameters.linear(spec.query.id);
    this.#turningQuery = parameters.experts(spec.turningQuery.id);
    this.#queryToLatent = parameters.experts(spec.queryToLatent.id);
    this.#latentToValue = parameters.experts(spec.latentToValue.id);
    this.#output = parameters.linear(spec.output.id);
    this.#ropeTable = ropeTables[spec.rope]!;
    this.#options = { scale: spec.scale };
  }

  /** out, x: [T, hidden] */
  forward(context: ForwardContext, out: Tensor, x: Tensor): void {
    const { ops, workspace, batch } = context;
    const { numHeads, latentDim, rotaryDim } = this.#spec;
    const tokens = x.shape[0]!;
    const rows = tokens * numHeads;
    const keyDim = rotaryDim + latentDim;
    const keyAt = queryLatentDim(this.#spec);
    const mark = workspace.mark();
    const down = workspace.alloc(x.dtype, [tokens, keyAt + keyDim]);
    ops.linear(down, x, this.#down);
    const queryLatent = slice(down, 1, 0, keyAt);
    this.#queryNorm?.forward(ops, queryLatent, queryLatent);
    const latent = slice(down, 1, keyAt + rotaryDim, keyAt + keyDim);
    this.#latentNorm.forward(ops, latent, latent);
    const key = reshape(slice(down, 1, keyAt, keyAt + keyDim), [tokens, 1, keyDim]);

    const queries = workspace.alloc(x.dtype, [rows, keyDim]);
    this.#projectQueries(context, queries, this.#queryNorm ? queryLatent : x);
    const q = reshape(queries, [tokens, numHeads, keyDim]);
    ops.rope(q, key, batch.positions, this.#ropeTable);

    const attended = workspace.alloc(x.dtype, [rows, latentDim]);
    this.#attend(context, reshape(attended, [tokens, numHeads, latentDim]), q, key);
    const values = workspace.alloc(x.dtype, [tokens, this.#output.inFeatures]);
    ops.headLinear(reshape(values, [rows, this.#latentToValue.outFeatures]), attended, this.#latentToValue);
    ops.linear(out, values, this.#output);
    workspace.release(mark);
  }

  /** @param queries [T * heads, rotaryDim + latentDim] @param from [T, features] */
  #projectQueries({ ops, workspace }: ForwardContext, queries: Tensor, from: Tensor): void {
    const { rotaryDim } = this.#spec;
    const [rows, keyDim] = queries.shape as [number, number];
    const mark = workspace.mark();
    const still = workspace.alloc(from.dtype, [from.shape[0]!, this.#query.outFeatures]);
    ops.linear(still, from, this.#query);
    const heads = reshape(still, [rows, this.#queryToLatent.inFeatures]);
    ops.headLinear(slice(queries, 1, rotaryDim, keyDim), heads, this.#queryToLatent);
    ops.headLinear(slice(queries, 1, 0, rotaryDim), from, this.#turningQuery);
    workspace.release(mark);
  }

  #attend({ ops, batch, layerBatches, kvCache }: ForwardContext, out: Tensor, q: Tensor, key: Tensor): void {
    const keyCache = kvCache.keys[this.#layer]!;
    const own = layerBatches === undefined ? batch : layerBatches[this.#layer]!;
    ops.writeKv(keyCache, undefined, key, undefined, own);
    ops.pagedAttention(out, q, keyCache, kvCache.values[this.#layer]!, own, this.#options);
  }
}

/** 0 where queries have no latent. */
function queryLatentDim({ queryNorm }: LatentAttentionSpec): number {
  return queryNorm?.weight.shape[0] ?? 0;
}
