// Sampling, in the order that ops.ts gives. The pieces are exported, because comparing a kernel with this needs the scores.
import type { Batch } from "../../batch.js";
import { gumbel } from "../../philox.js";
import { NO_TOKEN, ROW_INIT_WORDS, RowInit } from "../../plan/layout.js";
import type { Tensor } from "../../tensor.js";
import { intsOf, load, store } from "../elements.js";

/** A row's sampling parameters, as its row-init record holds them. */
export interface RowSampling {
  readonly temperature: number;
  readonly topP: number;
  readonly minP: number;
  readonly topK: number;
  readonly seedLow: number;
  readonly seedHigh: number;
  readonly choice: number;
}

export function sample(tokens: Tensor, logits: Tensor, batch: Batch): void {
  const sampled = intsOf(tokens);
  const lastTokens = intsOf(batch.tables.lastTokens);
  const values = new Float64Array(logits.shape[1]!);
  for (let s = 0; s < batch.numSamples; s++) {
    const { row, position, parameters, isLast } = sampleOf(batch, s);
    load(values, logits, s * logits.strides[0]!);
    const token = sampleToken(values, parameters, position);
    sampled[s] = token;
    if (isLast) lastTokens[row] = token === NO_TOKEN ? 0 : token;
  }
}

export function filterLogits(logits: Tensor, batch: Batch): void {
  const values = new Float64Array(logits.shape[1]!);
  for (let s = 0; s < batch.numSamples; s++) {
    const { parameters } = sampleOf(batch, s);
    load(values, logits, s * logits.strides[0]!);
    if (parameters.temperature === 0 || !Number.isFinite(values[argmax(values)]!)) continue;
    const scaled = scaledLogits(values, parameters);
    const kept = keptTokens(scaled, parameters);
    const filtered = scaled.map((value, token) => (kept[token] ? value : Number.NEGATIVE_INFINITY));
    store(logits, s * logits.strides[0]!, filtered);
  }
}

/** What a sample draws with. */
export interface SampleOfRow {
  /** Of the tables. */
  readonly row: number;
  /** The one that the new token will have. */
  readonly position: number;
  readonly parameters: RowSampling;
  /** Whether it comes after its row's last token in this step. */
  readonly isLast: boolean;
}

/** Sample `s` of a prepared batch. */
export function sampleOf(batch: Batch, s: number): SampleOfRow {
  const { layout, tables } = batch;
  const plan = intsOf(batch.plan);
  const i = plan[layout.sampleRows + s]!;
  const row = plan[layout.rowIds + i]!;
  const token = plan[layout.sampleTokens + s]!;
  const offset = token - plan[layout.queryStarts + i]!;
  const words = intsOf(tables.sampling).slice(row * ROW_INIT_WORDS, (row + 1) * ROW_INIT_WORDS);
  const floats = new Float32Array(words.buffer);
  const parameters = {
    temperature: floats[RowInit.temperature]!,
    topP: floats[RowInit.topP]!,
    minP: floats[RowInit.minP]!,
    topK: words[RowInit.topK]!,
    seedLow: words[RowInit.seedLow]! >>> 0,
    seedHigh: words[RowInit.seedHigh]! >>> 0,
    choice: words[RowInit.choice]!,
  };
  const isLast = token === plan[layout.queryStarts + i + 1]! - 1;
  return { row, position: plan[layout.contextLens + i]! + offset + 1, parameters, isLast };
}

/** The token that `logits` give at `position`. */
export function sampleToken(logits: Float64Array, parameters: RowSampling, position: number): number {
  const greedy = argmax(logits);
  if (!(logits[greedy]! > Number.NEGATIVE_INFINITY)) return NO_TOKEN;
  if (parameters.temperature === 0 || !Number.isFinite(logits[greedy]!)) return greedy;
  const scaled = scaledLogits(logits, parameters);
  return argmax(perturbed(scaled, keptTokens(scaled, parameters), parameters, position));
}

/** The index of the largest value; ties go to the lowest, and NaN never wins. */
export function argmax(values: Float64Array): number {
  let best = 0;
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    if (values[i]! > largest) {
      largest = values[i]!;
      best = i;
    }
  }
  return best;
}

/** Logits divided by the temperature, NaN as negative infinity. */
export function scaledLogits(logits: Float64Array, { temperature }: RowSampling): Float64Array {
  return logits.map((value) => (Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value / temperature));
}

/**
 * Which tokens min_p, top_k and top_p leave.
 * @param slack moves every limit by so much (in units of the scaled logits): above 0 keeps more, below 0 fewer
 */
export function keptTokens(scaled: Float64Array, { minP, topK, topP }: RowSampling, slack = 0): boolean[] {
  const largest = scaled[argmax(scaled)]!;
  const weights = scaled.map((value) => Math.exp(value - largest));
  const loosened = Math.exp(slack);
  const kept = Array.from(weights, (weight) => weight * loosened >= minP);
  const descending = Array.from(scaled.keys()).sort((a, b) => scaled[b]! - scaled[a]! || a - b);

  const afterMinP = descending.filter((token) => kept[token]);
  if (topK > 0 && topK < afterMinP.length) {
    const lowest = scaled[afterMinP[topK - 1]!]! - slack;
    for (const token of afterMinP) kept[token] = scaled[token]! >= lowest;
  }
  const afterTopK = descending.filter((token) => kept[token]);
  if (topP < 1) {
    let total = 0;
    for (const token of afterTopK) total += weights[token]!;
    let reached = 0;
    let last = Number.POSITIVE_INFINITY;
    for (const token of afterTopK) {
      const within = reached < (topP + slack) * total;
      if (within) last = scaled[token]!;
      kept[token] = within || (slack > 0 && scaled[token]! >= last - slack);
      reached += weights[token]!;
    }
    // However low top_p is, the most likely token stays.
    kept[afterTopK[0]!] = true;
  }
  return kept;
}

/** Scaled logits plus Gumbel noise; tokens that are not kept have negative infinity. */
export function perturbed(
  scaled: Float64Array,
  kept: readonly boolean[],
  { seedLow, seedHigh, choice }: RowSampling,
  position: number,
): Float64Array {
  return scaled.map((value, token) =>
    kept[token] ? value + gumbel(seedLow, seedHigh, position, choice, token) : Number.NEGATIVE_INFINITY,
  );
}
