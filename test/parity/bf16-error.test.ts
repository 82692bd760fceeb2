// bfloat16 on the CPU is as exact as transformers in bfloat16, by the measure that the GPU is held to.
import { createBackend } from "@octavo/kernels-cpu";
import { describe, expect, test } from "vitest";
import { errorModels, errorRatio, MAX_ERROR_RATIO } from "./bf16-error.js";

describe("bfloat16 error against float64, as a multiple of transformers'", () => {
  test.each(errorModels.map((model) => [model.name, model] as const))("%s", (name, model) => {
    using backend = createBackend({ numThreads: 2 });
    for (const how of ["prefill", "decode"] as const) {
      const ratio = errorRatio(model, backend, how);
      console.info(`${name}, ${how}: ${ratio.rms.toFixed(2)} (RMS), ${ratio.max.toFixed(2)} (largest)`);
      expect(ratio.rms, how).toBeLessThanOrEqual(MAX_ERROR_RATIO);
    }
  });
});
