// What the process holds after everything that can go is gone.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

export interface HeldMemory {
  /** Bytes of the process that lie in memory. */
  readonly rss: number;
  /** Bytes of living JavaScript objects. */
  readonly heap: number;
  /** Bytes of living buffers outside the heap. */
  readonly buffers: number;
}

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Collects all garbage first. */
export function heldMemory(): HeldMemory {
  // What finalizers let go of is there for the second.
  collectGarbage();
  collectGarbage();
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  return { rss, heap: heapUsed, buffers: arrayBuffers };
}
