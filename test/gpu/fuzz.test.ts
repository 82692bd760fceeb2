// 500 random workloads on the GPU under batch invariance: alone = batched, chunked, cached, preempted, overlapped, aborted beside.
import { afterAll, beforeAll, describe, vi } from "vitest";
import { fuzzTests } from "../fuzz/fuzz-tests.js";
import { skipReason } from "./gpu.js";

describe.skipIf(skipReason)("random workloads under batch invariance", () => {
  beforeAll(() => void vi.stubEnv("OCTAVO_BATCH_INVARIANT", "1"));
  afterAll(() => void vi.unstubAllEnvs());
  fuzzTests({ device: "cuda" }, 500);
});
