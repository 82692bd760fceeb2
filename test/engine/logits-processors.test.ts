// Custom logits processors on the CPU.
import { logitsProcessorsTests } from "./logits-processors-tests.js";

logitsProcessorsTests({ device: "cpu", numThreads: 1 });
