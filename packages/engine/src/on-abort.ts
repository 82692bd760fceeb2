// Many requests may end with one signal, and it may outlive them all.
import { setMaxListeners } from "node:events";

/** Calls `end` when `signal` is aborted. @returns what takes that back */
export function onAbort(signal: AbortSignal, end: () => void): () => void {
  setMaxListeners(0, signal); // or Node.js takes the eleventh request for a leak
  signal.addEventListener("abort", end, { once: true });
  return () => signal.removeEventListener("abort", end);
}
