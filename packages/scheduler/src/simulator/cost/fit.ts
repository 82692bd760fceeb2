// Fits a step's cost to measured steps.
import { checkArgument } from "@octavo/core";
import type { StepWork } from "../../step-work.js";
import { inner, leastSquares } from "./least-squares.js";
import { type StepCost, stepSeconds } from "./step-cost.js";

/** One measured step. */
export interface MeasuredStep extends Readonly<StepWork> {
  readonly seconds: number;
}

export interface CostFit {
  readonly cost: StepCost;
  /** Steps that were fitted. */
  readonly steps: number;
  /** Of the relative errors' absolute values: half are below, nine tenths are below. */
  readonly medianError: number;
  readonly p90Error: number;
  /** All predicted seconds over all measured seconds, less 1: what throughput is off by. */
  readonly totalError: number;
}

/** Enough for the weights to settle: they follow from a fit that changes little after the first. */
const ROUNDS = 12;

/**
 * Errors count relative to what is predicted, as for noise that grows with the time: a decode step of a millisecond weighs as much as
 * a prefill of a second, and the mean is met, not the fastest steps. The prediction is not known before, so that the fit is
 * repeated with the weights of the last one; the first takes the measured times. `minTokens` is the best power of two.
 * @throws INVALID_ARGUMENT when there are no steps, or one without duration
 */
export function fitCost(steps: readonly MeasuredStep[]): CostFit {
  checkArgument(steps.length > 0, "there are no measured steps to fit a cost to", "steps");
  for (const [i, { seconds }] of steps.entries()) {
    checkArgument(seconds > 0 && Number.isFinite(seconds), `step ${i + 1} took ${seconds} seconds`, "steps");
  }
  let best = fitTerms(steps, 0);
  let bestError = logError(best, steps);
  const most = steps.reduce((tokens, step) => Math.max(tokens, step.tokens), 1);
  for (let minTokens = 1; minTokens <= most; minTokens *= 2) {
    const cost = fitTerms(steps, minTokens);
    const error = logError(cost, steps);
    if (error >= bestError) continue;
    best = cost;
    bestError = error;
  }
  return assess(best, steps);
}

/** The terms that are linear once `minTokens` is known. */
function fitTerms(steps: readonly MeasuredStep[], minTokens: number): StepCost {
  const amounts = steps.map(({ tokens, rows, context, pairs }) => [
    1,
    Math.max(tokens, minTokens),
    rows,
    context,
    pairs,
  ]);
  let scales = steps.map(({ seconds }) => seconds);
  let terms: readonly number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const rows = amounts.map((row, i) => row.map((amount) => amount / scales[i]!));
    const targets = steps.map(({ seconds }, i) => seconds / scales[i]!);
    terms = leastSquares(rows, targets);
    scales = amounts.map((row) => inner(row, terms));
  }
  const [base, token, row, context, pair] = terms as [number, number, number, number, number];
  return { base, token, minTokens, row, context, pair };
}

function logError(cost: StepCost, steps: readonly MeasuredStep[]): number {
  return steps.reduce((sum, step) => sum + Math.log(stepSeconds(cost, step) / step.seconds) ** 2, 0);
}

/** How far `cost` is from measured steps. */
export function assess(cost: StepCost, steps: readonly MeasuredStep[]): CostFit {
  const errors = steps.map((step) => Math.abs(stepSeconds(cost, step) / step.seconds - 1)).sort((a, b) => a - b);
  const at = (share: number) => errors[Math.floor(share * (errors.length - 1))]!;
  const predicted = steps.reduce((sum, step) => sum + stepSeconds(cost, step), 0);
  const measured = steps.reduce((sum, step) => sum + step.seconds, 0);
  const totalError = predicted / measured - 1;
  return { cost, steps: steps.length, medianError: at(0.5), p90Error: at(0.9), totalError };
}
