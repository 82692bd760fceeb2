// How long one call takes on the GPU.
import type { DeviceTiming } from "../device-timing.js";
import type { Run } from "./bench-case.js";

/** How much is measured. */
export interface Effort {
  /** Of which the median is taken. */
  readonly rounds: number;
  /** GPU time of a round. */
  readonly roundMicroseconds: number;
}

export const FULL: Effort = { rounds: 5, roundMicroseconds: 4000 };
export const QUICK: Effort = { rounds: 3, roundMicroseconds: 1500 };

/** Fewer than the driver takes ahead, so that the host never waits inside of a round. */
const MOST_CALLS = 256;
/** Calls that take longer are measured once more, not for `rounds` rounds. */
const SLOW_MICROSECONDS = 50_000;

export interface Measured {
  /** Of one call: the median over the rounds. */
  readonly microseconds: number;
  /** In each round. */
  readonly calls: number;
}

/**
 * Times calls that take the buffer sets in turn. The stream is held up while a round is enqueued, so that the time is the GPU's,
 * with its gaps between kernels but without waiting for the host.
 */
export function measure(timing: DeviceTiming, run: Run, sets: number, { rounds, roundMicroseconds }: Effort): Measured {
  using start = timing.createEvent();
  using end = timing.createEvent();
  let set = 0;
  const round = (calls: number, delay: number): { gpu: number; host: number } => {
    if (delay > 0) timing.delay(delay);
    start.record();
    const begin = performance.now();
    for (let i = 0; i < calls; i++) {
      run(set);
      set = (set + 1) % sets;
    }
    const host = (1000 * (performance.now() - begin)) / calls;
    end.record();
    return { gpu: timing.elapsed(start, end) / calls, host };
  };

  // The first call of a shape may load code or choose an algorithm.
  const first = round(1, 0);
  if (first.gpu > SLOW_MICROSECONDS) return { microseconds: round(1, 0).gpu, calls: 1 };
  const warm = round(4, 0);
  const calls = Math.min(MOST_CALLS, Math.max(1, Math.round(roundMicroseconds / warm.gpu)));
  // Twice what the host needed when it was cold, for its hiccups.
  const delay = Math.min(10_000, 50 + 2 * calls * warm.host);
  const times = Array.from({ length: rounds }, () => round(calls, delay).gpu).sort((a, b) => a - b);
  return { microseconds: times[rounds >> 1]!, calls };
}
