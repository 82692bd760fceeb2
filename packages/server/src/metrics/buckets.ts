// Histogram bounds: fine enough for a CPU and a fast GPU alike.

/** Seconds, 1 ms to 42 minutes, as wide as vLLM's. */
export const LATENCY_BUCKETS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640,
  2560,
];

/** 1, 2, 5, 10, ... up to `max` tokens. */
export function lengthBuckets(max: number): number[] {
  const buckets: number[] = [];
  for (let power = 1; power <= max; power *= 10) {
    for (const step of [1, 2, 5]) if (power * step <= max) buckets.push(power * step);
  }
  return buckets;
}
