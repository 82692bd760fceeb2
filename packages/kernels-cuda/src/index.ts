/** Octavo's CUDA backend. @module @octavo/kernels-cuda */
import type { BackendOptions } from "@octavo/core";
import { CudaBackend } from "./cuda-backend.js";
import { loadNative } from "./load-native.js";
import type { GpuReport, LibraryReport } from "./native.js";

export { CudaCollectives, connectCollectives, createUniqueId } from "./collectives.js";
export type { DeviceTiming, TimingEvent } from "./device-timing.js";
export { isBuilt } from "./load-native.js";
export type { Gpu, GpuReport, LibraryReport } from "./native.js";
export { type OpCost, type OpProfile, type ProfileOptions, type ProfileReport, profileOps } from "./profile.js";
export { CudaBackend };

/**
 * A backend on an NVIDIA GPU.
 * @throws BACKEND_LOAD when the addon, a driver or a GPU that can run it is missing: with what to do
 */
export function createBackend(options?: BackendOptions): CudaBackend {
  return new CudaBackend(options);
}

/** What CUDA finds on this machine; never fails for lack of a driver or GPU. @throws BACKEND_LOAD when the addon is missing */
export function findGpus(): GpuReport {
  return loadNative().findGpus();
}

/**
 * The libraries that are opened when they are needed: cuBLASLt for matrix products, NCCL for several GPUs. Needs no driver.
 * @throws BACKEND_LOAD when the addon is missing
 */
export function findLibraries(): readonly LibraryReport[] {
  return loadNative().findLibraries();
}
