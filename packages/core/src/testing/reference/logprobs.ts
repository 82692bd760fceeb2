// Logarithms of a softmax, of one token and of the most likely ones: a sort of the whole vocabulary.
import type { LogprobKind, LogprobsOutput } from "../../ops.js";
import type { Tensor } from "../../tensor.js";
import { intsOf, load, store } from "../elements.js";

export function logprobs(out: LogprobsOutput, logits: Tensor, picked: Tensor, kind: LogprobKind = "logprobs"): void {
  const [samples, columns] = out.tokens.shape as [number, number];
  const tokens = intsOf(out.tokens);
  const ranks = intsOf(out.ranks);
  const values = new Float64Array(logits.shape[1]!);
  for (let s = 0; s < samples; s++) {
    load(values, logits, s * logits.strides[0]!);
    const clean = values.map((value) => (Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value));
    const all = kind === "logits" ? clean : logSoftmax(clean);
    const token = intsOf(picked)[s]!;
    const own = clean[token] ?? Number.NEGATIVE_INFINITY;
    const likely = Array.from(clean.keys()).sort((a, b) => Math.sign(clean[b]! - clean[a]!) || a - b);
    const chosen = [token, ...likely.slice(0, columns - 1)];
    chosen.forEach((id, column) => {
      tokens[s * columns + column] = id;
      store(out.logprobs, s * columns + column, Float64Array.of(all[id] ?? Number.NEGATIVE_INFINITY));
    });
    ranks[s] = 1 + clean.reduce((count, value) => count + Number(value > own), 0);
  }
}

/** log(softmax(values)); where the largest is infinite, those equal to it share the probability. */
export function logSoftmax(values: Float64Array): Float64Array {
  const largest = values.reduce((a, b) => Math.max(a, b));
  const shifted = values.map((value) => (value === largest ? 0 : value - largest));
  const total = shifted.reduce((sum, value) => sum + Math.exp(value), 0);
  return shifted.map((value) => value - Math.log(total));
}
