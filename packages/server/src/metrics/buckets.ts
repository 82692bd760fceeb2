// Histogram bounds: fine enough for a CPU and a fast GPU alike.

/** Seconds, 1 ms to 42 minutes, as wide as vLLM's. */
export const LATENCY_BUCKETS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640,
  2560,
];

/** Seconds, 1 ms to two hours: of requests and their parts. vLLM's begin at 0.3 s, too late for a small model. */
export const REQUEST_BUCKETS: readonly number[] = [
  0.001, 0.005, 0.01, 0.05, 0.1, 0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920,
  7680,
];

/** Bytes of HTTP bodies. */
export const SIZE_BUCKETS: readonly number[] = [100, 1000, 10_000, 100_000, 1_000_000, 10_000_000];

/** 1, 2, 5, 10, ... up to `max` tokens. */
export function lengthBuckets(max: number): number[] {
  const buckets: number[] = [];
  for (let power = 1; power <= max; power *= 10) {
    for (const step of [1, 2, 5]) if (power * step <= max) buckets.push(power * step);
  }
  return buckets;
}
