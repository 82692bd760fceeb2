import { expect, test } from "vitest";
import { PythonRandom } from "./python-random.js";

test("random numbers are Python's", () => {
  // random.Random(seed): five of randint(100, 100000), then three of randint(100, 1024).
  for (const [seed, numbers] of [
    [0, [50594, 99446, 55225, 5406, 34036, 623, 597, 514]],
    [12, [62302, 35357, 86276, 69454, 87447, 458, 246, 490]],
  ] as const) {
    const random = new PythonRandom(seed);
    const found = [
      ...Array.from({ length: 5 }, () => random.randint(100, 100_000)),
      ...Array.from({ length: 3 }, () => random.randint(100, 1024)),
    ];
    expect(found).toEqual(numbers);
  }
  // Beyond one state of the generator.
  const random = new PythonRandom(7);
  const many = Array.from({ length: 2000 }, () => random.randint(100, 100_000));
  expect([many.reduce((a, b) => a + b), many.at(-1)]).toEqual([97083760, 20362]);
});
