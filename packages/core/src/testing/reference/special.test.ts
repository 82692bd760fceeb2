import { expect, test } from "vitest";
import { normalCdf } from "./special.js";

// scipy.stats.norm.cdf
test.each([
  [0, 0.5],
  [1, 0.8413447460685429],
  [-1, 0.15865525393145707],
  [2.9, 0.9981341866996161],
  [-3.1, 0.0009676032132183561],
  [-10, 7.61985302416047e-24],
  [40, 1],
  [-40, 0],
  [Number.NEGATIVE_INFINITY, 0],
  [Number.POSITIVE_INFINITY, 1],
])("the normal distribution at %d", (z, expected) => {
  expect(Math.abs(normalCdf(z) - expected)).toBeLessThanOrEqual(1e-12 * expected);
});
