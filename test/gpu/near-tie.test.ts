// By default a GPU's result may depend on the batch: then only where two tokens all but tie.
import { createBackend } from "@octavo/kernels-cuda";
import { describe, expect, test } from "vitest";
import { departures, greedyTokens, nearTieBound, requestsApart, schedules } from "../engine/near-tie.js";
import { skipReason } from "./gpu.js";

describe.skipIf(skipReason)("greedy tokens by default are the best but for near ties", () => {
  test.each(["bfloat16", "float32"] as const)("%s", async (dtype) => {
    const bound = nearTieBound(dtype);
    const alone = await greedyTokens("alone", { device: "cuda", dtype });
    const total = alone.flat().length;
    for (const schedule of schedules) {
      const tokens = schedule === "alone" ? alone : await greedyTokens(schedule, { device: "cuda", dtype });
      using reference = createBackend({ batchInvariant: true });
      const { gap, count } = departures(tokens, reference);
      console.info(
        `${dtype}, ${schedule}: ${requestsApart(tokens, alone)} of ${tokens.length} requests apart from alone; ` +
          `${count} of ${total} tokens not the best in float32, by up to ${gap.toPrecision(2)} (bound ${bound.toPrecision(2)})`,
      );
      expect(gap, schedule).toBeLessThan(bound);
    }
  });
});
