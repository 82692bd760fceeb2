// 500 random workloads on the GPU under batch invariance: alone = batched, chunked, cached, preempted, overlapped, by graphs or not.
import { describe } from "vitest";
import { workloadTests } from "../fuzz/workload-tests.js";
import { skipReason } from "./gpu.js";

describe.skipIf(skipReason)("random workloads under batch invariance", () => {
  workloadTests({ device: "cuda", batchInvariant: true }, 500);
});
