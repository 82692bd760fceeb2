// Logprobs and several outputs a prompt on the GPU, by graphs and op by op.
import { createBackend } from "@octavo/kernels-cuda";
import { describe } from "vitest";
import { logprobsTests } from "../engine/logprobs-tests.js";
import { skipReason } from "./gpu.js";

describe.skipIf(skipReason).each([false, true])("logprobs, enforceEager %s", (enforceEager) => {
  logprobsTests({
    options: { device: "cuda", batchInvariant: true, enforceEager },
    createBackend: () => createBackend({ batchInvariant: true }),
    tolerance: 2e-4,
  });
});
