// 2,000 random workloads on the CPU, whose results never depend on the batch.
import { workloadTests } from "./workload-tests.js";

workloadTests({ device: "cpu", numThreads: 1 }, 2_000);
