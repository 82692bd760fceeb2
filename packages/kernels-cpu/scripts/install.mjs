// npm's install hook: builds the addon from source unless it is there already, here or in its carrier, or OCTAVO_SKIP_NATIVE=1.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { buildNative } from "./build-native.mjs";

const BUILT = fileURLToPath(new URL("../build/Release/octavo_cpu.node", import.meta.url));
const CARRIER = `@octavo/kernels-cpu-${process.platform}-${process.arch}`;

function loads(path) {
  try {
    createRequire(import.meta.url)(path);
    return true;
  } catch {
    return false;
  }
}

if (process.env.OCTAVO_SKIP_NATIVE !== "1" && ![BUILT, CARRIER].some(loads)) {
  console.error(
    "@octavo/kernels-cpu: no prebuilt addon for this machine; building it from source (about 10 s on two cores).",
  );
  process.exitCode = buildNative();
}
