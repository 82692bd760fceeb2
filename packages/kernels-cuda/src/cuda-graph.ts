// A captured step.
import type { DeviceGraph } from "@octavo/core";
import type { MemoryPool } from "./memory.js";
import type { NativeAddon } from "./native.js";

/** Ops that one call launches again; see `Backend.capture`. */
export class CudaGraph implements DeviceGraph {
  readonly byteLength: number;
  readonly #native: NativeAddon;
  readonly #backend: number;
  readonly #pool: MemoryPool;
  readonly #id: number;
  #open = true;

  /** Captures what `enqueue` enqueues on the backend's stream. */
  constructor(native: NativeAddon, backend: number, pool: MemoryPool, enqueue: () => void) {
    this.#native = native;
    this.#backend = backend;
    this.#pool = pool;
    native.beginCapture(backend);
    try {
      enqueue();
    } catch (error) {
      native.abortCapture(backend);
      throw error;
    }
    this.#id = native.endCapture(backend);
    this.byteLength = native.graphBytes(backend, this.#id);
    pool.countGraph(this.byteLength);
  }

  launch(): void {
    this.#native.launchGraph(this.#backend, this.#id);
  }

  /** Waits for what was launched. After the backend's own `dispose()` there is nothing left to do. */
  dispose(): void {
    if (!this.#open) return;
    this.#open = false;
    if (this.#pool.disposed) return;
    this.#pool.countGraph(-this.byteLength);
    this.#native.disposeGraph(this.#backend, this.#id);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
