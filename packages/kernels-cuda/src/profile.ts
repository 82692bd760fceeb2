// What each op of a real step costs on the GPU: a timing event between all ops of a backend.
import { type Backend, checkArgument, OctavoError, type Ops } from "@octavo/core";
import type { CudaBackend } from "./cuda-backend.js";

/** One op's part of what was profiled. */
export interface OpCost {
  /** The op's name; "copy" for copies. */
  readonly op: string;
  /** How often it was called. */
  readonly calls: number;
  /** Of all calls. */
  readonly microseconds: number;
  /** Of the total, 0 to 1. */
  readonly share: number;
}

/** What the ops of a step cost. */
export interface ProfileReport {
  /** Of all ops together. */
  readonly totalMicroseconds: number;
  /** The dearest first. */
  readonly ops: readonly OpCost[];
}

/** How much is measured. */
export interface ProfileOptions {
  /** Calls that one `start` can measure. Default 4096. */
  readonly maxCalls?: number;
  /**
   * How long the GPU is held up at `start`, so that the host can enqueue the step before it runs: longer than the host takes for
   * it. Default 20 ms.
   */
  readonly delayMicroseconds?: number;
}

/** A backend that measures its ops. */
export interface OpProfile extends Disposable {
  /** The same backend, measured. Load the model on it; outside of `start` and `report` its ops cost nothing more. */
  readonly backend: Backend;
  /** Begins to measure. */
  start(): void;
  /** Waits for what was enqueued since `start` and stops. @throws INVALID_ARGUMENT without a `start`, or after too many calls */
  report(): ProfileReport;
  /** Frees the events; the backend stays. */
  dispose(): void;
}

/**
 * Measures each op of whatever runs on `backend` between `start()` and `report()`, for example one eager step of a model:
 * ```js
 * using profile = profileOps(backend);
 * const model = loadModel(profile.backend, ...); // and one step to warm up
 * profile.start();
 * model.forward(...); // enqueues ops, must not wait for the GPU
 * console.table(profile.report().ops);
 * ```
 * Times are the GPU's own. Between two ops stands an event, so each call is about a microsecond dearer than in an undisturbed
 * step. A step of more than some 500 ops does not fit the driver's queue at once; from there on gaps show where the host is slower
 * than the GPU. Ops inside of a captured graph cannot be told apart.
 */
export function profileOps(backend: CudaBackend, options: ProfileOptions = {}): OpProfile {
  const { maxCalls = 4096, delayMicroseconds = 20_000 } = options;
  checkArgument(Number.isInteger(maxCalls) && maxCalls > 0, () => `maxCalls ${maxCalls} is not above 0`, "maxCalls");
  const { timing } = backend;
  const events = Array.from({ length: maxCalls + 1 }, () => timing.createEvent());
  const names = new Array<string>(maxCalls);
  let calls = 0;
  let measuring = false;

  const measured =
    (name: string, call: (...values: unknown[]) => unknown) =>
    (...values: unknown[]): unknown => {
      const result = call(...values);
      if (!measuring) return result;
      if (calls < maxCalls) {
        names[calls] = name;
        events[calls + 1]!.record();
      }
      calls++;
      return result;
    };

  return {
    backend: measuredBackend(backend, measured),
    start() {
      calls = 0;
      timing.delay(delayMicroseconds);
      events[0]!.record();
      measuring = true;
    },
    report() {
      checkArgument(measuring, "report() without start()");
      measuring = false;
      checkArgument(calls <= maxCalls, () => `${calls} calls were made, maxCalls is ${maxCalls}`, "maxCalls");
      return sumUp(names.slice(0, calls), (i) => timing.elapsed(events[i]!, events[i + 1]!));
    },
    dispose() {
      for (const event of events) event.dispose();
    },
    [Symbol.dispose]() {
      this.dispose();
    },
  };
}

/** Sums costs by name. @param cost microseconds of the call with that index */
export function sumUp(names: readonly string[], cost: (index: number) => number): ProfileReport {
  const sums = new Map<string, { calls: number; microseconds: number }>();
  let totalMicroseconds = 0;
  for (const [i, op] of names.entries()) {
    const sum = sums.get(op) ?? { calls: 0, microseconds: 0 };
    const microseconds = cost(i);
    sum.calls++;
    sum.microseconds += microseconds;
    totalMicroseconds += microseconds;
    sums.set(op, sum);
  }
  const ops = Array.from(sums, ([op, sum]) => ({ op, ...sum, share: sum.microseconds / totalMicroseconds }));
  return { totalMicroseconds, ops: ops.sort((a, b) => b.microseconds - a.microseconds) };
}

type Measure = (name: string, call: (...values: unknown[]) => unknown) => (...values: unknown[]) => unknown;

/** Everything goes to the backend itself: its methods use private fields, so that they must not see the proxy as `this`. */
function measuredBackend(backend: CudaBackend, measured: Measure): Backend {
  const ops = wrapped(backend.ops, (name, call) => measured(name, call)) as Ops;
  return wrapped(backend, (name, call) => (name === "copy" ? measured(name, call) : call), { ops });
}

/** A view of `target` whose methods are bound once and pass through `wrap`; `replaced` properties come from there. */
function wrapped<T extends object>(target: T, wrap: Measure, replaced: Partial<T> = {}): T {
  const methods = new Map<PropertyKey, unknown>();
  return new Proxy(target, {
    get(_, key) {
      if (Object.hasOwn(replaced, key)) return replaced[key as keyof T];
      const known = methods.get(key);
      if (known) return known;
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== "function") return value;
      const method = wrap(String(key), value.bind(target));
      methods.set(key, method);
      return method;
    },
    set(_, key) {
      throw new OctavoError({ code: "INTERNAL", message: `a measured backend's ${String(key)} cannot be set` });
    },
  });
}
