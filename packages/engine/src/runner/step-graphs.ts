// Padded steps as captured graphs, one for each bucket: a launch for each op costs more than many ops of a decode step take.
import { type Backend, type DeviceGraph, OctavoError, type Tensor } from "@octavo/core";

/** What a step leaves in the workspace until the next one. */
export interface StepResult {
  /** Of the tokens that were sampled after: [samples, hidden] */
  readonly hidden: Tensor;
  /** float32 [samples, vocab] */
  readonly logits: Tensor;
  /** The workspace's fill before the logits. */
  readonly mark: number;
}

interface StepGraph {
  readonly graph: DeviceGraph;
  readonly result: StepResult | null;
}

/**
 * Captures lazily: the first step of a bucket runs op by op, which also lets libraries load kernels and choose algorithms; the
 * second is captured; so starting costs nothing and buckets that never occur take no memory.
 */
export class StepGraphs implements Disposable {
  readonly #backend: Backend;
  readonly #enqueue: (adjusts: boolean) => StepResult | null;
  /** By {@link keyOf}. */
  readonly #graphs = new Map<number, StepGraph>();
  readonly #warm = new Set<number>();
  #full = false;
  #bytes = 0;

  /** @param enqueue enqueues a step's ops; the same ops at the same addresses for the same bucket and `adjusts` */
  constructor(backend: Backend, enqueue: (adjusts: boolean) => StepResult | null) {
    this.#backend = backend;
    this.#enqueue = enqueue;
  }

  get size(): number {
    return this.#graphs.size;
  }

  get byteLength(): number {
    return this.#bytes;
  }

  /**
   * Enqueues a step whose batch has the counts of `bucket`.
   * @param adjusts whether its logits are adjusted, which other steps do not pay for
   */
  run(bucket: number, adjusts: boolean): StepResult | null {
    const key = keyOf(bucket, adjusts);
    const captured = this.#graphs.get(key) ?? this.#capture(key, bucket, adjusts);
    if (!captured) return this.#enqueue(adjusts);
    captured.graph.launch();
    return captured.result;
  }

  #capture(key: number, bucket: number, adjusts: boolean): StepGraph | undefined {
    if (this.#full) return undefined;
    if (!this.#warm.has(key)) {
      this.#warm.add(key);
      return undefined;
    }
    try {
      let result: StepResult | null = null;
      const graph = this.#backend.capture!(() => {
        result = this.#enqueue(adjusts);
      });
      const captured = { graph, result };
      this.#graphs.set(key, captured);
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

function keyOf(bucket: number, adjusts: boolean): number {
  return 2 * bucket + Number(adjusts);
}
