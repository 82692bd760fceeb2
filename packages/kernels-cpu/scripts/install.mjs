// npm's install hook: builds the addon from source unless it is there already or OCTAVO_SKIP_NATIVE=1.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { buildNative } from "./build-native.mjs";

function loads() {
  try {
    createRequire(import.meta.url)(fileURLToPath(new URL("../build/Release/octavo_cpu.node", import.meta.url)));
    return true;
  } catch {
    return false;
  }
}

if (process.env.OCTAVO_SKIP_NATIVE !== "1" && !loads()) {
  console.error(
    "@octavo/kernels-cpu: no prebuilt addon for this machine; building it from source (about 10 s on two cores).",
  );
  process.exitCode = buildNative();
}
