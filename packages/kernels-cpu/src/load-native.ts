// The CPU addon: where it is and how to build it.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { type AddonSource, loadAddon } from "@octavo/core/native";
import { ADDON_VERSION, type NativeAddon } from "./native.js";

const require = createRequire(import.meta.url);

/** An optional dependency of the published package. */
const CARRIER = `@octavo/kernels-cpu-${process.platform}-${process.arch}`;

const SOURCE: AddonSource = {
  backend: "CPU",
  // The same from src/ and from dist/.
  built: fileURLToPath(new URL("../build/Release/octavo_cpu.node", import.meta.url)),
  carrier: { name: CARRIER, resolve: () => require.resolve(CARRIER) },
  variable: "OCTAVO_CPU_BINARY",
  addonVersion: ADDON_VERSION,
  howToBuild:
    "npm run build:native -w @octavo/kernels-cpu (needs cmake, make or ninja, and a C++20 compiler; " +
    "on Debian and Ubuntu: apt-get install -y g++ cmake make)",
};

/** @throws BACKEND_LOAD */
export function loadNative(): NativeAddon {
  return loadAddon<NativeAddon>(SOURCE);
}
