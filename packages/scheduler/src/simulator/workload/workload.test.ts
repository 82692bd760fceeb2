import { expect, test } from "vitest";
import { createWorkload, type WorkloadOptions } from "./workload.js";

const BASE: WorkloadOptions = {
  ...{ numPrompts: 20_000, requestRate: 10, burstiness: 1, inputLen: "100", outputLen: "10", numPrefixes: 0 },
  ...{ prefixLen: 0, tenants: [], priorities: [], seed: 3 },
};

function gaps(options: WorkloadOptions): { mean: number; variation: number } {
  const times = createWorkload(options).map(({ arrival }) => arrival);
  const found = times.slice(1).map((time, i) => time - times[i]!);
  const mean = found.reduce((a, b) => a + b) / found.length;
  const variance = found.reduce((total, gap) => total + (gap - mean) ** 2, 0) / found.length;
  return { mean, variation: Math.sqrt(variance) / mean };
}

test.each([0.25, 1, 4])(
  "burstiness %d: gaps have the rate's mean and a gamma distribution's variation",
  (burstiness) => {
    const { mean, variation } = gaps({ ...BASE, burstiness });
    expect(Math.abs(mean - 0.1)).toBeLessThan(0.004);
    expect(Math.abs(variation * Math.sqrt(burstiness) - 1)).toBeLessThan(0.04);
  },
);

test("an infinite rate: all at once", () => {
  const times = createWorkload({ ...BASE, requestRate: Number.POSITIVE_INFINITY }).map(({ arrival }) => arrival);
  expect(new Set(times)).toEqual(new Set([0]));
});

test("lengths: uniform and lognormal have their mean and bounds", () => {
  const requests = createWorkload({ ...BASE, inputLen: "uniform:50:150", outputLen: "lognormal:40:0.5:100" });
  const lengths = requests.map(({ promptTokens }) => promptTokens);
  const outputs = requests.map(({ outputTokens }) => outputTokens).sort((a, b) => a - b);
  expect([Math.min(...lengths), Math.max(...lengths)]).toEqual([50, 150]);
  expect(Math.abs(lengths.reduce((a, b) => a + b) / lengths.length - 100)).toBeLessThan(1);
  expect(Math.abs(outputs[10_000]! - 40)).toBeLessThan(1.5);
  expect(outputs.at(-1)).toBe(100);
});

test("nano: the lengths of nano-vllm's benchmark", () => {
  const requests = createWorkload({ ...BASE, numPrompts: 256, inputLen: "nano", outputLen: "nano", seed: 99 });
  // random.seed(0): 256 of randint(100, 1024), then 256 more.
  expect(requests.slice(0, 3).map(({ promptTokens }) => promptTokens)).toEqual([964, 494, 876]);
  expect(requests.reduce((total, { promptTokens }) => total + promptTokens, 0)).toBe(144_831);
  expect(requests.reduce((total, { outputTokens }) => total + outputTokens, 0)).toBe(144_160);
});

test("prefixes, tenants and priorities come as often as they should, and change nothing else", () => {
  const requests = createWorkload({ ...BASE, numPrefixes: 4, prefixLen: 30, tenants: [3, 1], priorities: [1, 1] });
  const share = (has: (it: (typeof requests)[number]) => boolean) => requests.filter(has).length / requests.length;
  expect(share(({ prefixes }) => prefixes![0]!.id === 2)).toBeCloseTo(0.25, 1);
  expect(share(({ tenant }) => tenant === "0")).toBeCloseTo(0.75, 1);
  expect(share(({ priority }) => priority === 1)).toBeCloseTo(0.5, 1);
  expect(requests[5]!.promptTokens).toBe(130);
  const plain = createWorkload(BASE);
  expect(requests.map(({ arrival }) => arrival)).toEqual(plain.map(({ arrival }) => arrival));
});

test.each(["0", "-3", "uniform:5:1", "uniform:1", "lognormal:0:1", "normal:3:1", "nano:1", "x", ""])(
  "lengths %j are refused",
  (inputLen) => {
    expect(() => createWorkload({ ...BASE, inputLen })).toThrow(/lengths/);
  },
);
