// Sampling parameters, beam search and custom logits processors on the GPU, by graphs and op by op.
import { createBackend } from "@octavo/kernels-cuda";
import { describe } from "vitest";
import { beamSearchTests } from "../engine/beam-search-tests.js";
import { logitsProcessorsTests } from "../engine/logits-processors-tests.js";
import { samplingTests } from "../engine/sampling-tests.js";
import { skipReason } from "./gpu.js";

describe.skipIf(skipReason).each([false, true])("enforceEager %s", (enforceEager) => {
  const options = { device: "cuda", batchInvariant: true, enforceEager } as const;
  samplingTests({ options, createBackend: () => createBackend({ batchInvariant: true }), tolerance: 5e-4 });
  logitsProcessorsTests(options);
  beamSearchTests(options);
});
