// Every architecture on the GPU: logits within 1e-3 of transformers' at every position, in float32, whole and in chunks.
import { createBackend } from "@octavo/kernels-cuda";
import { describe, expect, test } from "vitest";
import { goldenModels, largestDistance } from "../parity/golden.js";
import { logitsOf } from "../parity/golden-run.js";
import { skipReason } from "./gpu.js";

const TOLERANCE = 1e-3;

describe.skipIf(skipReason)("logits of every architecture", () => {
  test.each(goldenModels().map((model) => [model.name, model] as const))("%s", (_, model) => {
    using backend = createBackend();
    for (const golden of model.cases.filter(({ logits }) => logits)) {
      for (const chunk of [golden.ids.length, 13]) {
        const worst = largestDistance(logitsOf(model, backend, golden, chunk), golden);
        expect(worst.distance, `${golden.name}, chunks of ${chunk}: ${JSON.stringify(worst)}`).toBeLessThan(TOLERANCE);
      }
    }
  });
});
