// Slopes of ALiBi (Press et al. 2022): how fast scores fall with distance, head by head.

/** Powers of 2^(-8 / heads); for a count that is no power of 2, those of the next lower one, then every other of the next higher. */
export function alibiSlopes(numHeads: number): number[] {
  const lower = 2 ** Math.floor(Math.log2(numHeads));
  const series = (count: number) => Array.from({ length: count }, (_, head) => 2 ** ((-8 * (head + 1)) / count));
  const between = series(2 * lower).filter((_, index) => index % 2 === 0);
  return [...series(lower), ...between].slice(0, numHeads);
}

/** MPT's: of the next higher power of 2, every other first. @param biasMax 8 in the paper */
export function mptSlopes(numHeads: number, biasMax: number): number[] {
  const higher = 2 ** Math.ceil(Math.log2(numHeads));
  const series = Array.from({ length: higher }, (_, head) => 2 ** ((-biasMax * (head + 1)) / higher));
  if (higher === numHeads) return series;
  return [...series.filter((_, i) => i % 2 === 1), ...series.filter((_, i) => i % 2 === 0)].slice(0, numHeads);
}
