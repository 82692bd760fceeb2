// The reference sampler draws from the distribution that ops.ts describes: counts of 20,000 positions against probabilities
// that are computed here in another way.
import { describe, expect, test } from "vitest";
import { NO_TOKEN } from "../../plan/layout.js";
import { type RowSampling, sampleToken } from "./sampling.js";

const OFF: RowSampling = { temperature: 1, topP: 1, minP: 0, topK: 0, seedLow: 1234, seedHigh: 5678, choice: 0 };
const LOGITS = Float64Array.of(1.2, -0.4, 3.1, 0, 2.2, 2.2, -3, 1.9, 0.7, -1, 2.6, Number.NEGATIVE_INFINITY);
const COUNT = 20_000;

/** Probabilities by sorting and summing, with the filters in their order. */
function probabilities({ temperature, minP, topK, topP }: RowSampling): number[] {
  const powers = [...LOGITS].map((logit) => Math.E ** (logit / temperature));
  const total = powers.reduce((a, b) => a + b);
  let entries = powers.map((power, token) => ({ token, p: power / total }));
  entries.sort((a, b) => b.p - a.p || a.token - b.token);
  const most = entries[0]!.p;
  entries = entries.filter(({ p }) => p >= minP * most);
  const kth = entries[topK - 1]?.p;
  if (kth !== undefined) entries = entries.filter(({ p }) => p >= kth);
  const left = entries.reduce((sum, { p }) => sum + p, 0);
  let before = 0;
  entries = entries.filter(({ p }) => {
    const keep = before / left < topP || topP === 1;
    before += p;
    return keep;
  });
  const kept = entries.reduce((sum, { p }) => sum + p, 0);
  const result = new Array<number>(LOGITS.length).fill(0);
  for (const { token, p } of entries) result[token] = p / kept;
  return result;
}

/** The chi-square value that one in a million samples exceeds (Wilson and Hilferty 1931). */
function chiSquareLimit(degrees: number): number {
  const spread = 2 / (9 * degrees);
  return degrees * (1 - spread + 4.753 * Math.sqrt(spread)) ** 3;
}

function counts(parameters: RowSampling): number[] {
  const result = new Array<number>(LOGITS.length).fill(0);
  for (let position = 0; position < COUNT; position++) result[sampleToken(LOGITS, parameters, position)]!++;
  return result;
}

describe.each([
  ["plain", {}],
  ["temperature", { temperature: 2.5 }],
  ["cold", { temperature: 0.3 }],
  ["top_k", { topK: 3 }],
  ["top_k with a tie", { topK: 4 }],
  ["top_p", { topP: 0.8 }],
  ["top_p at high temperature", { topP: 0.5, temperature: 3 }],
  ["min_p", { minP: 0.2 }],
  ["all", { minP: 0.05, topK: 7, topP: 0.9, temperature: 1.5 }],
  ["another choice", { choice: 3 }],
] as const)("%s", (_name, given) => {
  const parameters = { ...OFF, ...given };

  test("the counts fit the distribution", () => {
    const expected = probabilities(parameters);
    const found = counts(parameters);
    let chiSquare = 0;
    let degrees = -1;
    found.forEach((count, token) => {
      if (expected[token] === 0) {
        expect(count, `token ${token} was dropped`).toBe(0);
        return;
      }
      chiSquare += (count - COUNT * expected[token]!) ** 2 / (COUNT * expected[token]!);
      degrees++;
    });
    expect(degrees).toBeGreaterThan(1);
    expect(chiSquare, `counts ${found}`).toBeLessThan(chiSquareLimit(degrees));
  });
});

test("a wrong distribution fails the test above", () => {
  const expected = probabilities({ ...OFF, temperature: 1.1 });
  const found = counts(OFF);
  const chiSquare = found.slice(0, 11).reduce((sum, count, token) => {
    return sum + (count - COUNT * expected[token]!) ** 2 / (COUNT * expected[token]!);
  }, 0);
  expect(chiSquare).toBeGreaterThan(2 * chiSquareLimit(10));
});

test("seeds, choices and positions give unrelated tokens", () => {
  const same = probabilities(OFF).reduce((sum, p) => sum + p * p, 0);
  const draw = (given: Partial<RowSampling>, shift = 0) =>
    Array.from({ length: COUNT }, (_, position) => sampleToken(LOGITS, { ...OFF, ...given }, position + shift));
  const base = draw({});
  expect(draw({})).toEqual(base);
  const others = [draw({ seedLow: 1235 }), draw({ seedHigh: 5679 }), draw({ choice: 1 }), draw({}, 1)];
  for (const other of others) {
    const equal = other.filter((token, i) => token === base[i]).length;
    expect(Math.abs(equal / COUNT - same)).toBeLessThan(5 * Math.sqrt((same * (1 - same)) / COUNT));
  }
});

test("greedy, and what is taken as if greedy", () => {
  const greedy = { ...OFF, temperature: 0 };
  expect(sampleToken(Float64Array.of(1, 3, 3, 2), greedy, 0)).toBe(1);
  expect(sampleToken(Float64Array.of(Number.NaN, -5, Number.NaN), greedy, 0)).toBe(1);
  expect(sampleToken(new Float64Array(4).fill(Number.NEGATIVE_INFINITY), OFF, 0)).toBe(NO_TOKEN);
  expect(sampleToken(Float64Array.of(0, Number.POSITIVE_INFINITY, 0), OFF, 0)).toBe(1);
});
