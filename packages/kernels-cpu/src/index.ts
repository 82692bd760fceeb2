/** Octavo's CPU backend. @module @octavo/kernels-cpu */
import type { Backend, BackendOptions } from "@octavo/core";
import { CpuBackend } from "./cpu-backend.js";

export { CpuBackend };

/**
 * A backend on this machine's CPU.
 * @throws BACKEND_LOAD when the native addon is missing or of another version; INVALID_ARGUMENT for an instruction set that
 * this CPU lacks
 */
export function createBackend(options?: BackendOptions): Backend {
  return new CpuBackend(options);
}
