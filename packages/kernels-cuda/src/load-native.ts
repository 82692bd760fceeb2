// The CUDA addon: where it is and how to build it. Loading needs no driver.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type AddonSource, addonPath, loadAddon } from "@octavo/core/native";
import { ADDON_VERSION, type NativeAddon } from "./native.js";

const SOURCE: AddonSource = {
  backend: "CUDA",
  // The same from src/ and from dist/.
  built: fileURLToPath(new URL("../build/Release/octavo_cuda.node", import.meta.url)),
  variable: "OCTAVO_CUDA_BINARY",
  addonVersion: ADDON_VERSION,
  howToBuild:
    "npm run build:cuda -w @octavo/kernels-cuda (needs the CUDA toolkit 13, cmake, and make or ninja; no GPU)",
};

/** Whether there is an addon to load; it may still find no GPU. */
export function isBuilt(): boolean {
  return existsSync(addonPath(SOURCE));
}

/** @throws BACKEND_LOAD */
export function loadNative(): NativeAddon {
  return loadAddon<NativeAddon>(SOURCE);
}
