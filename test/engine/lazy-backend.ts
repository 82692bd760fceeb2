// A backend that runs nothing before somebody waits, as a busy GPU may: what the host overwrites or frees too early shows.
import type { Backend, Batch, Ops } from "@octavo/core";

/** Wraps a synchronous backend. `pending()` counts what is enqueued and not yet run. */
export function lazyBackend(inner: Backend): { backend: Backend; pending(): number } {
  const queue: (() => void)[] = [];
  const ops = new Proxy(inner.ops, {
    get(target, name) {
      const op = target[name as keyof Ops] as (...values: unknown[]) => void;
      return (...values: unknown[]) => {
        // Counts are arguments of a launch: a device sees them as they were.
        const taken = values.map((value) => (isBatch(value) ? { ...value } : value));
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
    dispose: () => inner.dispose(),
    [Symbol.dispose]: () => inner.dispose(),
  };
  return { backend, pending: () => queue.length };
}

function isBatch(value: unknown): value is Batch {
  return typeof value === "object" && value !== null && "numTokens" in value;
}
