// Means and percentiles of measured times.

/** The value below which `percent` of the sorted values lie, between neighbours linearly, as numpy does; 0 of none. */
export function percentile(sorted: readonly number[], percent: number): number {
  if (sorted.length === 0) return 0;
  const at = (percent / 100) * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (at - below) * (sorted[above]! - sorted[below]!);
}

export interface Distribution {
  readonly mean: number;
  readonly median: number;
  /** By percent, such as 99. */
  readonly percentiles: ReadonlyMap<number, number>;
}

export function distribution(values: readonly number[], percents: readonly number[]): Distribution {
  const sorted = [...values].sort((a, b) => a - b);
  const mean = sorted.length === 0 ? 0 : sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  const percentiles = new Map(percents.map((percent) => [percent, percentile(sorted, percent)]));
  return { mean, median: percentile(sorted, 50), percentiles };
}
