// Workloads that failed once, as they were printed, each with what was wrong.
import type { Workload } from "./workload.js";

export const FOUND: readonly (readonly [string, Workload])[] = [];
