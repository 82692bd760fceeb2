// Padded steps as captured graphs, one for each bucket: a launch for each op costs more than many ops of a decode step take.
import { type Backend, type DeviceGraph, OctavoError } from "@octavo/core";

/**
 * Captures lazily: the first step of a bucket runs op by op, which also lets libraries load kernels and choose algorithms; the
 * second is captured; so starting costs nothing and buckets that never occur take no memory.
 */
export class StepGraphs implements Disposable {
  readonly #backend: Backend;
  readonly #enqueue: () => void;
  readonly #graphs = new Map<number, DeviceGraph>();
  readonly #warm = new Set<number>();
  #full = false;
  #bytes = 0;

  /** @param enqueue enqueues a step's ops; the same ops at the same addresses for the same bucket */
  constructor(backend: Backend, enqueue: () => void) {
    this.#backend = backend;
    this.#enqueue = enqueue;
  }

  get size(): number {
    return this.#graphs.size;
  }

  get byteLength(): number {
    return this.#bytes;
  }

  /** Enqueues a step whose batch has the counts of `bucket`. */
  run(bucket: number): void {
    const graph = this.#graphs.get(bucket) ?? this.#capture(bucket);
    if (graph) graph.launch();
    else this.#enqueue();
  }

  #capture(bucket: number): DeviceGraph | undefined {
    if (this.#full) return undefined;
    if (!this.#warm.has(bucket)) {
      this.#warm.add(bucket);
      return undefined;
    }
    try {
      const graph = this.#backend.capture!(this.#enqueue);
      this.#graphs.set(bucket, graph);
      this.#bytes += graph.byteLength;
      return graph;
    } catch (error) {
      if (!OctavoError.isInstance(error, "OUT_OF_MEMORY")) throw error;
      // Slower, but it serves.
      this.#full = true;
      const advice = "lower gpu_memory_utilization to leave room, or set enforce_eager";
      process.emitWarning(`no memory for the graph of ${bucket} rows: ${error.message}; ${advice}`, {
        code: "OCTAVO_GRAPHS",
      });
      return undefined;
    }
  }

  dispose(): void {
    for (const graph of this.#graphs.values()) graph.dispose();
    this.#graphs.clear();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
