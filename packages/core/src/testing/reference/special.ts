// The distribution function of the normal distribution, which Math lacks.

/** P(X <= z) of a standard normal X, within about 1e-14 of the result. */
export function normalCdf(z: number): number {
  if (Number.isNaN(z)) return z;
  const tail = upperTail(Math.abs(z));
  return z < 0 ? tail : 1 - tail;
}

/** P(X > a) for a >= 0: near 0 a half less the series of the middle, further out the continued fraction of Mills' ratio. */
function upperTail(a: number): number {
  const density = Math.exp((-a * a) / 2) / Math.sqrt(2 * Math.PI);
  if (density === 0) return 0;
  if (a < 3) {
    let term = a;
    let series = a;
    for (let n = 3; term > 1e-17 * series; n += 2) series += term *= (a * a) / n;
    return 0.5 - density * series;
  }
  let fraction = a;
  for (let n = 150; n >= 1; n--) fraction = a + n / fraction;
  return density / fraction;
}
