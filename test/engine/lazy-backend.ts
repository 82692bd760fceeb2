// A backend that runs nothing before somebody waits, as a busy GPU may: what the host overwrites or frees too early shows. It also
// captures graphs: what a replay gets from the host rather than from memory shows.
import type { Backend, Batch, Ops } from "@octavo/core";

interface LazyBackend {
  readonly backend: Backend;
  /** What is enqueued and not yet run. */
  pending(): number;
  /** Graphs launched so far. */
  launches(): number;
}

/** Wraps a synchronous backend. */
export function lazyBackend(inner: Backend): LazyBackend {
  let queue: (() => void)[] = [];
  let launches = 0;
  const ops = new Proxy(inner.ops, {
    get(target, name) {
      const op = target[name as keyof Ops] as (...values: unknown[]) => void;
      return (...values: unknown[]) => {
        // Counts are arguments of a launch: a device sees them as they were.
        const taken = values.map((value) => (isBatch(value) ? withItsCounts(value) : value));
        queue.push(() => op.apply(target, taken));
      };
    },
  });
  const backend: Backend = {
    info: { ...inner.info, depth: 2 },
    ops,
    allocate: inner.allocate.bind(inner),
    allocateHost: inner.allocateHost.bind(inner),
    memory: inner.memory.bind(inner),
    mapFile: inner.mapFile.bind(inner),
    upload: inner.upload.bind(inner),
    fillRandom: inner.fillRandom.bind(inner),
    copy: (...values) => queue.push(() => inner.copy(...values)),
    prepareLinear: inner.prepareLinear.bind(inner),
    updateLinear: inner.updateLinear.bind(inner),
    prepareExperts: inner.prepareExperts.bind(inner),
    createEvent() {
      let upTo: (() => void) | undefined;
      return {
        record() {
          upTo = () => {};
          queue.push(upTo);
        },
        wait() {
          // Only what came before the event: later steps stay pending.
          const at = upTo ? queue.indexOf(upTo) : -1;
          for (const run of queue.splice(0, at + 1)) run();
        },
        dispose() {},
        [Symbol.dispose]() {},
      };
    },
    capture(enqueue) {
      const outer = queue;
      const captured: (() => void)[] = [];
      queue = captured;
      try {
        enqueue();
      } finally {
        queue = outer;
      }
      const launch = () => {
        launches++;
        queue.push(...captured);
      };
      return { byteLength: captured.length, launch, dispose() {}, [Symbol.dispose]() {} };
    },
    dispose: () => inner.dispose(),
    [Symbol.dispose]: () => inner.dispose(),
  };
  return { backend, pending: () => queue.length, launches: () => launches };
}

function isBatch(value: unknown): value is Batch {
  return typeof value === "object" && value !== null && "numTokens" in value;
}

/** The counts of a group's batch are those of the whole step's, which change. */
function withItsCounts(batch: Batch): Batch {
  const { numRows, numTokens, numSamples, maxQueryLen, maxSeqLen } = batch;
  return { ...batch, numRows, numTokens, numSamples, maxQueryLen, maxSeqLen };
}
