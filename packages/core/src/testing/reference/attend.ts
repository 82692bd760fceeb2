// One query over the keys and values of its sequence: what every kind of attention has in common.
import type { AttentionOptions } from "../../ops.js";
import { load } from "../elements.js";

/** {@link AttentionOptions} as one head has them. */
export interface HeadOptions {
  readonly scale: number;
  readonly softcap: number | undefined;
  /** -Infinity for none. */
  readonly sink: number;
  readonly slope: number;
}

export function headOptions({ scale, softcap, sinks, slopes }: AttentionOptions, head: number): HeadOptions {
  const value = new Float64Array(1);
  if (sinks) load(value, sinks, head);
  const sink = sinks ? value[0]! : Number.NEGATIVE_INFINITY;
  if (slopes) load(value, slopes, head);
  return { scale, softcap, sink, slope: slopes ? value[0]! : 0 };
}

/** Keys [positions, headDim] and values [positions, valueDim] of one head, from position `start` on. */
export interface HeadSequence {
  readonly start: number;
  readonly keys: Float64Array;
  readonly values: Float64Array;
  readonly valueDim: number;
}

/**
 * softmax(scores of query . keys) . values over the positions [first, end).
 * @param at the query's own position
 */
export function attend(
  query: Float64Array,
  at: number,
  { start, keys, values, valueDim }: HeadSequence,
  [first, end]: readonly [first: number, end: number],
  { scale, softcap, sink, slope }: HeadOptions,
): Float64Array {
  const headDim = query.length;
  const weights = new Float64Array(end - first);
  let largest = sink;
  for (let position = first; position < end; position++) {
    let score = 0;
    const key = (position - start) * headDim;
    for (let d = 0; d < headDim; d++) score += query[d]! * keys[key + d]!;
    score *= scale;
    if (softcap !== undefined) score = softcap * Math.tanh(score / softcap);
    if (slope !== 0) score -= slope * Math.abs(at - position);
    weights[position - first] = score;
    largest = Math.max(largest, score);
  }
  const result = new Float64Array(valueDim);
  let total = Math.exp(sink - largest);
  for (let position = first; position < end; position++) {
    const weight = Math.exp(weights[position - first]! - largest);
    const value = (position - start) * valueDim;
    total += weight;
    for (let d = 0; d < valueDim; d++) result[d] = result[d]! + weight * values[value + d]!;
  }
  for (let d = 0; d < valueDim; d++) result[d] = result[d]! / total;
  return result;
}
