// The near-tie bound on the CPU, where nothing depends on the batch: shows that the bound leaves room for rounding.
import { createBackend } from "@octavo/kernels-cpu";
import { expect, test } from "vitest";
import { departures, greedyTokens, nearTieBound } from "./near-tie.js";

test.each(["bfloat16", "float32"] as const)("greedy tokens are the best but for near ties, %s", async (dtype) => {
  const tokens = await greedyTokens("batched", { device: "cpu", numThreads: 2, dtype });
  using reference = createBackend({ numThreads: 2 });
  const { gap, count } = departures(tokens, reference);
  console.info(`${dtype}: ${count} of ${tokens.flat().length} tokens are not the best, by up to ${gap.toPrecision(2)}`);
  expect(gap).toBeLessThan(nearTieBound(dtype));
  const wrong = tokens.slice(0, 1).map(([first, ...rest]) => [(first! + 1) % 4096, ...rest]);
  expect(departures(wrong, reference).gap, "of wrong first tokens").toBeGreaterThan(nearTieBound(dtype));
});
