// Finds the backend for a device by dynamic import, so that an engine installs and loads without the kernels it does not use.
import { type Backend, type BackendOptions, type CreateBackend, OctavoError } from "@octavo/core";
import type { EngineOptions } from "./engine-options.js";

/** A backend for `device`. @throws BACKEND_LOAD that says what was tried and what to do */
export async function loadBackend(
  device: NonNullable<EngineOptions["device"]>,
  options: BackendOptions,
): Promise<Backend> {
  switch (device) {
    case "auto":
    case "cpu":
      return (await importKernels("@octavo/kernels-cpu")).createBackend(options);
    case "null":
      return (await import("@octavo/core/testing")).createNullBackend();
    case "reference":
      return (await import("@octavo/core/testing")).createReferenceBackend();
    default:
      throw new OctavoError({
        code: "INVALID_ARGUMENT",
        message: `device must be auto or cpu, got ${device}`,
        param: "device",
      });
  }
}

async function importKernels(name: string): Promise<{ createBackend: CreateBackend }> {
  try {
    return await import(name);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    const message = `${name} is not installed; run: npm install ${name}`;
    throw new OctavoError({ code: "BACKEND_LOAD", message, cause });
  }
}
