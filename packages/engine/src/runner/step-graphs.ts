// Padded steps as captured graphs, one for each bucket: a launch for each op costs more than many ops of a decode step take.
import { type Backend, type DeviceGraph, OctavoError, type Tensor } from "@octavo/core";

/** A captured step, and where its logits lie after a launch. */
interface StepGraph {
  readonly graph: DeviceGraph;
  readonly logits: Tensor | null;
}

/**
 * Captures lazily: the first step of a bucket runs op by op, which also lets libraries load kernels and choose algorithms; the
 * second is captured; so starting costs nothing and buckets that never occur take no memory.
 */
export class StepGraphs implements Disposable {
  readonly #backend: Backend;
  readonly #enqueue: () => Tensor | null;
  readonly #graphs = new Map<number, StepGraph>();
  readonly #warm = new Set<number>();
  #full = false;
  #bytes = 0;

  /** @param enqueue enqueues a step's ops; the same ops at the same addresses for the same bucket; returns its logits */
  constructor(backend: Backend, enqueue: () => Tensor | null) {
    this.#backend = backend;
    this.#enqueue = enqueue;
  }

  get size(): number {
    return this.#graphs.size;
  }

  get byteLength(): number {
    return this.#bytes;
  }

  /** Enqueues a step whose batch has the counts of `bucket`. @returns its logits, valid until the next step is enqueued */
  run(bucket: number): Tensor | null {
    const captured = this.#graphs.get(bucket) ?? this.#capture(bucket);
    if (!captured) return this.#enqueue();
    captured.graph.launch();
    return captured.logits;
  }

  #capture(bucket: number): StepGraph | undefined {
    if (this.#full) return undefined;
    if (!this.#warm.has(bucket)) {
      this.#warm.add(bucket);
      return undefined;
    }
    try {
      let logits: Tensor | null = null;
      const graph = this.#backend.capture!(() => {
        logits = this.#enqueue();
      });
      const captured = { graph, logits };
      this.#graphs.set(bucket, captured);
      this.#bytes += graph.byteLength;
      return captured;
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
    for (const { graph } of this.#graphs.values()) graph.dispose();
    this.#graphs.clear();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
