// Finds and loads the addon, or says what was looked for, what was found and how to get it. Loading needs no driver.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { type ErrorCode, OctavoError, PLAN_VERSION } from "@octavo/core";
import { ADDON_VERSION, type NativeAddon } from "./native.js";

const require = createRequire(import.meta.url);

/** Where the package's own build puts the addon; the same from src/ and from dist/. */
const BUILT = fileURLToPath(new URL("../build/Release/octavo_cuda.node", import.meta.url));

/** The file that {@link loadNative} loads: `OCTAVO_CUDA_BINARY` when it is set, else the package's own build. */
export function addonPath(): string {
  return process.env.OCTAVO_CUDA_BINARY || BUILT;
}

/** Whether there is an addon to load; it may still find no GPU. */
export function isBuilt(): boolean {
  return existsSync(addonPath());
}

/** @throws BACKEND_LOAD */
export function loadNative(): NativeAddon {
  const path = addonPath();
  let addon: NativeAddon;
  try {
    addon = load(path);
  } catch (cause) {
    const named = process.env.OCTAVO_CUDA_BINARY;
    throw new OctavoError({
      code: "BACKEND_LOAD",
      message: [
        `the CUDA backend's native addon could not be loaded. Tried:\n  ${path}: ${(cause as Error).message}`,
        `This is Node ${process.versions.node} on ${process.platform}-${process.arch}.`,
        named
          ? "OCTAVO_CUDA_BINARY is set: unset it to use the package's own build, or let it name an addon of this version."
          : "Build it with: npm run build:cuda -w @octavo/kernels-cuda (needs the CUDA toolkit 13, cmake, and make or ninja; " +
            "no GPU). OCTAVO_CUDA_BINARY may name an addon built elsewhere.",
      ].join("\n"),
      param: named && "OCTAVO_CUDA_BINARY",
      cause,
    });
  }
  addon.setErrorFactory((code, message) => new OctavoError({ code: code as ErrorCode, message }));
  return addon;
}

function load(path: string): NativeAddon {
  if (!existsSync(path)) throw new Error("there is no such file");
  const addon = require(path) as NativeAddon;
  if (addon.addonVersion !== ADDON_VERSION || addon.planVersion !== PLAN_VERSION) {
    throw new Error(
      `it was built for version ${addon.addonVersion} of the addon and ${addon.planVersion} of the step plan, ` +
        `this package needs ${ADDON_VERSION} and ${PLAN_VERSION}`,
    );
  }
  return addon;
}
