import { expect, test } from "vitest";
import { fitCost, type MeasuredStep } from "./fit.js";
import { parseCost, type StepCost, stepSeconds } from "./step-cost.js";

const WORKS = [
  ...[1, 2, 4, 8, 16, 32, 64].map((rows) => ({ tokens: rows, rows, context: 100 * rows, pairs: 100 * rows })),
  ...[64, 128, 512, 2048].map((tokens) => ({ tokens, rows: 1, context: tokens, pairs: (tokens * (tokens + 1)) / 2 })),
  { tokens: 1, rows: 1, context: 5000, pairs: 5000 },
  { tokens: 300, rows: 12, context: 4000, pairs: 9000 },
];
const COST: StepCost = { base: 2e-3, token: 3e-5, minTokens: 8, row: 1e-5, context: 4e-8, pair: 2e-9 };

function measured(cost: StepCost, factor: (i: number) => number = () => 1): MeasuredStep[] {
  return WORKS.map((work, i) => ({ ...work, seconds: factor(i) * stepSeconds(cost, work) }));
}

test("a cost is found again from its steps", () => {
  const { cost, medianError, totalError } = fitCost(measured(COST));
  expect(cost.minTokens).toBe(8);
  for (const term of ["base", "token", "row", "context", "pair"] as const) {
    expect(cost[term] / COST[term], term).toBeCloseTo(1, 4);
  }
  expect(Math.max(medianError, Math.abs(totalError))).toBeLessThan(1e-6);
});

test("no term is negative, whatever was measured", () => {
  const { cost } = fitCost(measured({ ...COST, row: 0, context: 0 }, (i) => (i % 2 ? 0.7 : 1.3)));
  for (const seconds of Object.values(cost)) expect(seconds).toBeGreaterThanOrEqual(0);
});

test("noise cancels: the mean is met", () => {
  const noisy = [0.8, 1.2, 1, 0.9, 1.1].flatMap((factor) => measured(COST, () => factor));
  expect(fitCost(noisy).totalError).toBeCloseTo(0, 2);
});

test("wrong steps and costs are named", () => {
  expect(() => fitCost([])).toThrow(/no measured steps/);
  expect(() => fitCost([{ ...WORKS[0]!, seconds: 0 }])).toThrow(/step 1 took 0 seconds/);
  expect(() => parseCost({ base: -1 }, "c.json")).toThrow(/c\.json: base is -1/);
  expect(() => parseCost({ bass: 1 }, "c.json")).toThrow(/no term "bass"/);
  expect(() => parseCost({}, "c.json")).toThrow(/every term is 0/);
  expect(parseCost({ base: 0.5 }, "c.json")).toEqual({
    ...COST,
    base: 0.5,
    token: 0,
    minTokens: 0,
    row: 0,
    context: 0,
    pair: 0,
  });
});
