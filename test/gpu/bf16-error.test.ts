// bfloat16 on the GPU is as exact as transformers in bfloat16, with either way of choosing linear kernels.
import { createBackend } from "@octavo/kernels-cuda";
import { describe, expect, test } from "vitest";
import { errorModels, errorRatio, MAX_ERROR_RATIO } from "../parity/bf16-error.js";
import { skipReason } from "./gpu.js";

describe.skipIf(skipReason)("bfloat16 error against float64, as a multiple of transformers'", () => {
  describe.each([false, true])("batchInvariant %s", (batchInvariant) => {
    test.each(errorModels.map((model) => [model.name, model] as const))("%s", (name, model) => {
      using backend = createBackend({ batchInvariant });
      for (const how of ["prefill", "decode"] as const) {
        const ratio = errorRatio(model, backend, how);
        console.info(`${name}, ${how}: ${ratio.rms.toFixed(2)} (RMS), ${ratio.max.toFixed(2)} (largest)`);
        expect(ratio.rms, how).toBeLessThanOrEqual(MAX_ERROR_RATIO);
      }
    });
  });
});
