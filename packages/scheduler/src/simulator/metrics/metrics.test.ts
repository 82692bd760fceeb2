import { expect, test } from "vitest";
import { Random, RandomStream } from "../random.js";
import { Timeline } from "./timeline.js";
import { WeightedSamples } from "./weighted-samples.js";

test("percentiles of weighted samples are those of the values written out, as numpy has them", () => {
  const random = new Random(1, RandomStream.arrivals);
  const samples = new WeightedSamples();
  const all: number[] = [];
  for (let i = 0; i < 3000; i++) {
    const value = Math.floor(50 * random.uniform()) / 7;
    const weight = random.integer(1, 4);
    samples.add(value, weight);
    for (let j = 0; j < weight; j++) all.push(value);
  }
  all.sort((a, b) => a - b);
  const percents = [0, 1, 33.3, 50, 90, 99, 100];
  const expected = percents.map((percent) => {
    const at = (percent / 100) * (all.length - 1);
    const below = all[Math.floor(at)]!;
    return below + (at % 1) * (all[Math.ceil(at)]! - below);
  });
  for (const [i, value] of samples.percentiles(percents).entries()) expect(value).toBeCloseTo(expected[i]!, 9);
  expect(samples.distribution().mean).toBeCloseTo(all.reduce((a, b) => a + b) / all.length, 9);
  expect(new WeightedSamples().distribution()).toMatchObject({ count: 0, mean: 0, p99: 0 });
});

test("two values: the 90th percent lies between them", () => {
  const samples = new WeightedSamples();
  samples.add(1);
  samples.add(2);
  expect(samples.distribution()).toMatchObject({ mean: 1.5, p50: 1.5, p90: 1.9, max: 2 });
});

test("a timeline keeps sums while its bins double", () => {
  const timeline = new Timeline(["count", "level"], 8);
  for (let i = 0; i < 100; i++) timeline.add("count", i + 0.5, 2);
  timeline.addSpan("level", 10, 60, 3);
  expect(timeline.binSeconds).toBe(16);
  expect([timeline.total("count"), timeline.total("level")]).toEqual([200, 150]);
  expect(timeline.perSecond("count").slice(0, 2)).toEqual([2, 2]);
  expect(timeline.perSecond("level").slice(0, 5)).toEqual([(3 * 6) / 16, 3, 3, (3 * 12) / 16, 0]);
});
