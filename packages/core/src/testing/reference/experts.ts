// Routing to experts, their linear layers, and the weighted sum of what they give.
import type { FloatDType } from "../../dtype.js";
import { checkArgument, OctavoError } from "../../errors.js";
import { checkExperts, type ExpertWeights, type Routing, type RoutingOptions } from "../../experts.js";
import type { LinearWeight } from "../../linear.js";
import type { Tensor } from "../../tensor.js";
import { intsOf, load, store } from "../elements.js";
import { linearRow, ReferenceLinearWeight } from "./linear.js";

export class ReferenceExpertWeights implements ExpertWeights {
  readonly count: number;
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly dtype: FloatDType;
  readonly weights: readonly ReferenceLinearWeight[];

  constructor(weights: readonly LinearWeight[]) {
    ({ inFeatures: this.inFeatures, outFeatures: this.outFeatures, dtype: this.dtype } = checkExperts(weights));
    this.count = weights.length;
    this.weights = weights.map((weight) => {
      checkArgument(weight instanceof ReferenceLinearWeight, "an expert was prepared by another backend", "weights");
      return weight;
    });
  }

  dispose(): void {}

  [Symbol.dispose](): void {}
}

export function routeExperts(routing: Routing, logits: Tensor, options: RoutingOptions): void {
  const [tokens, chosen] = routing.experts.shape as [number, number];
  const count = logits.shape[1]!;
  const experts = intsOf(routing.experts);
  const row = new Float64Array(count);
  const bias = new Float64Array(count);
  if (options.bias) load(bias, options.bias, 0);
  for (let t = 0; t < tokens; t++) {
    load(row, logits, t * count);
    const values = row.map((logit) => (Number.isNaN(logit) ? Number.NEGATIVE_INFINITY : logit));
    const scores = scoresOf(values, options);
    // Scores rise with the logits, which do not round to equal ones.
    const compared = options.bias ? scores.map((score, e) => score + bias[e]!) : values;
    const best = largest(compared, allowedExperts(compared, options), chosen);
    best.forEach((expert, j) => {
      experts[t * chosen + j] = expert;
    });
    store(routing.weights, t * chosen, weightsOf(best, scores, options));
  }
}

function scoresOf(logits: Float64Array, { scoring }: RoutingOptions): Float64Array {
  if (scoring === "softmax") return softmax(logits);
  if (scoring === "sigmoid") return logits.map((logit) => 1 / (1 + Math.exp(-logit)));
  return logits;
}

function weightsOf(best: readonly number[], scores: Float64Array, options: RoutingOptions): Float64Array {
  const picked = Float64Array.from(best, (expert) => scores[expert]!);
  const weights = options.scoring === "softmax_topk" ? softmax(picked) : picked;
  const sum = weights.reduce((a, b) => a + b, 0);
  const factor = (options.scale ?? 1) / (options.renormalize && sum > 0 ? sum : 1);
  return weights.map((weight) => weight * factor);
}

function softmax(logits: Float64Array): Float64Array {
  const most = Math.max(...logits);
  const powers = logits.map((logit) => (logit === most ? 1 : Math.exp(logit - most)));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** The experts of the best groups. */
function allowedExperts(compared: Float64Array, { bias, groups = 1, topGroups = groups }: RoutingOptions): number[] {
  const size = compared.length / groups;
  const goodness = Float64Array.from({ length: groups }, (_, g) => {
    const [first, second = Number.NEGATIVE_INFINITY] = compared.slice(g * size, (g + 1) * size).sort((a, b) => b - a);
    return bias && size > 1 ? first! + second : first!;
  });
  const all = Array.from({ length: groups }, (_, g) => g);
  const best = new Set(largest(goodness, all, topGroups));
  return Array.from(compared, (_, e) => e).filter((e) => best.has(Math.floor(e / size)));
}

/** The candidates with the largest values, in order; ties: the lowest first. */
function largest(values: Float64Array, candidates: readonly number[], count: number): number[] {
  // A difference of infinities would be NaN.
  const rank = (a: number, b: number) => (values[a]! > values[b]! ? -1 : values[a]! < values[b]! ? 1 : a - b);
  return candidates.toSorted(rank).slice(0, count);
}

export function expertLinear(out: Tensor, x: Tensor, experts: ExpertWeights, routing: Routing): void {
  checkOwn("expertLinear", experts);
  const [tokens, chosen] = routing.experts.shape as [number, number];
  const share = x.shape[0] === tokens ? chosen : 1;
  intsOf(routing.experts).forEach((expert, row) => {
    const weight = experts.weights[expert];
    if (!weight) {
      const message = `expertLinear: expert ${expert} of row ${row} is outside of [0, ${experts.count})`;
      throw new OctavoError({ code: "INTERNAL", message });
    }
    linearRow(out, row * out.strides[0]!, x, Math.floor(row / share) * x.strides[0]!, weight);
  });
}

export function headLinear(out: Tensor, x: Tensor, heads: ExpertWeights): void {
  checkOwn("headLinear", heads);
  const rows = out.shape[0]!;
  const share = x.shape[0] === rows ? 1 : heads.count;
  for (let row = 0; row < rows; row++) {
    const weight = heads.weights[row % heads.count]!;
    linearRow(out, row * out.strides[0]!, x, Math.floor(row / share) * x.strides[0]!, weight);
  }
}

function checkOwn(op: string, experts: ExpertWeights): asserts experts is ReferenceExpertWeights {
  if (experts instanceof ReferenceExpertWeights) return;
  const message = `${op}: the experts were prepared by another backend`;
  throw new OctavoError({ code: "INVALID_ARGUMENT", message });
}

export function combineExperts(out: Tensor, x: Tensor, routing: Routing): void {
  const [tokens, chosen] = routing.weights.shape as [number, number];
  const hidden = out.shape[1]!;
  const weights = new Float64Array(tokens * chosen);
  load(weights, routing.weights, 0);
  const row = new Float64Array(hidden);
  for (let t = 0; t < tokens; t++) {
    const sums = new Float64Array(hidden);
    for (let j = 0; j < chosen; j++) {
      load(row, x, (t * chosen + j) * hidden);
      for (let i = 0; i < hidden; i++) sums[i]! += weights[t * chosen + j]! * row[i]!;
    }
    store(out, t * hidden, sums);
  }
}
