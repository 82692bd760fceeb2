// Finds the backend for a device by dynamic import, so that an engine installs and loads without the kernels it does not use.
import { type Backend, type BackendOptions, type CreateBackend, OctavoError } from "@octavo/core";
import type { EngineOptions } from "./engine-options.js";

/** What the engine uses of a kernels package. */
interface KernelsPackage {
  readonly createBackend: CreateBackend;
}

/** The CUDA package says whether its addon was built, for "auto" to be silent where nobody asked for CUDA. */
interface CudaKernelsPackage extends KernelsPackage {
  readonly isBuilt: () => boolean;
}

const CPU = "@octavo/kernels-cpu";
const CUDA = "@octavo/kernels-cuda";

/** A backend for `device`. @throws BACKEND_LOAD that says what was tried and what to do */
export async function loadBackend(
  device: NonNullable<EngineOptions["device"]>,
  options: BackendOptions,
): Promise<Backend> {
  switch (device) {
    case "auto":
      return (await cudaIfThere(options)) ?? (await importKernels<KernelsPackage>(CPU)).createBackend(options);
    case "cpu":
      return (await importKernels<KernelsPackage>(CPU)).createBackend(options);
    case "cuda":
      return (await importKernels<CudaKernelsPackage>(CUDA)).createBackend(options);
    case "null":
      return (await import("@octavo/core/testing")).createNullBackend();
    case "reference":
      return (await import("@octavo/core/testing")).createReferenceBackend();
    default:
      throw new OctavoError({
        code: "INVALID_ARGUMENT",
        message: `device must be auto, cpu or cuda, got ${device}`,
        param: "device",
      });
  }
}

/** The CUDA backend where it is installed, built and finds a GPU. Says why not only where it is built. */
async function cudaIfThere(options: BackendOptions): Promise<Backend | null> {
  const kernels = await importKernels<CudaKernelsPackage>(CUDA).catch((error: unknown) => {
    if (OctavoError.isInstance(error, "BACKEND_LOAD")) return null;
    throw error;
  });
  if (!kernels?.isBuilt()) return null;
  try {
    return kernels.createBackend(options);
  } catch (error) {
    if (!OctavoError.isInstance(error, "BACKEND_LOAD")) throw error;
    process.stderr.write(`octavo: running on the CPU, because ${error.message}\n`);
    return null;
  }
}

async function importKernels<Kernels extends KernelsPackage>(name: string): Promise<Kernels> {
  try {
    return await import(name);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    const message = `${name} is not installed; run: npm install ${name}`;
    throw new OctavoError({ code: "BACKEND_LOAD", message, cause });
  }
}
