// Logprobs and several outputs a prompt on the CPU.
import { createBackend } from "@octavo/kernels-cpu";
import { logprobsTests } from "./logprobs-tests.js";

logprobsTests({ options: { device: "cpu" }, createBackend, tolerance: 2e-6 });
