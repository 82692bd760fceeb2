// Whether there is a GPU to test on; says why not, once a file.
import { findGpus, isBuilt } from "@octavo/kernels-cuda";

function reasonToSkip(): string {
  if (!isBuilt()) return "the CUDA addon is not built (npm run build:cuda)";
  return findGpus().problem;
}

/** Empty when GPU tests can run. */
export const skipReason = reasonToSkip();
if (skipReason) console.warn(`GPU tests are skipped: ${skipReason}`);
