// The random workloads on the CPU, whose results never depend on the batch.
import { fuzzTests } from "./fuzz-tests.js";

fuzzTests({ device: "cpu", numThreads: 2 }, 60, 10);
