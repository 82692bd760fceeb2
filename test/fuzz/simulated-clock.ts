// Time that a test decides: deadlines, latency targets and adaptive drafts must do the same each time a workload is repeated.

/** Ms that pass between two looks at the clock. */
const TICK = 0.125;

/** Runs `body`, which must be synchronous, with a `performance.now` that only moves when somebody looks at it. */
export function withSimulatedClock(body: () => void): void {
  const { now } = performance;
  // Whole, so that differences are exact wherever it begins.
  let time = Math.ceil(performance.now());
  performance.now = () => {
    time += TICK;
    return time;
  };
  try {
    body();
  } finally {
    performance.now = now;
  }
}
