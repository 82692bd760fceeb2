// Beam search and best_of on the CPU.
import { beamSearchTests } from "./beam-search-tests.js";

beamSearchTests({ device: "cpu", numThreads: 1 });
