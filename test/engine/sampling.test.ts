// Sampling parameters on the CPU.
import { createBackend } from "@octavo/kernels-cpu";
import { samplingTests } from "./sampling-tests.js";

samplingTests({ options: { device: "cpu" }, createBackend, tolerance: 5e-6 });
