// Rates of several rounds as a table.

/** All rounds of one figure of one peer. */
export interface Measured {
  readonly figure: string;
  readonly peer: string;
  /** Tokens per second, one a round. */
  readonly rates: readonly number[];
  /** The same of the time that the peer says it computed; empty where it does not say. */
  readonly computeRates: readonly number[];
  /** Tokens per second of CPU time, one a round. */
  readonly cpuRates: readonly number[];
  /** Shares of the CPU that other processes took, 0 to 1, one a round. */
  readonly othersShares: readonly number[];
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}

/** The median over rounds of the quotient of two peers' rates: what a slow minute of the machine does to both drops out. */
export function ratio(rates: readonly number[], base: readonly number[]): number {
  return median(rates.map((rate, round) => rate / base[round]!));
}

/** In Markdown. Ratios are against `base`, one of the peers. */
export function table(measured: readonly Measured[], base: string): string {
  const rows = measured.map(({ figure, peer, rates, computeRates, cpuRates, othersShares }) => {
    const against = measured.find((other) => other.figure === figure && other.peer === base)!;
    const cells = [
      figure,
      peer,
      ...[Math.min(...rates), median(rates), Math.max(...rates)].map(whole),
      `${Math.round(100 * Math.max(...othersShares))} %`,
      computeRates.length > 0 ? whole(median(computeRates)) : "",
      whole(median(cpuRates)),
      peer === base
        ? ""
        : `${ratio(rates, against.rates).toFixed(2)} (${ratio(cpuRates, against.cpuRates).toFixed(2)})`,
    ];
    return `| ${cells.join(" | ")} |`;
  });
  const head = `| tokens/s | engine | min | median | max | others, at most | steps alone | a CPU second | of ${base} (by CPU) |\n|---|---|---|---|---|---|---|---|---|`;
  return [head, ...rows].join("\n");
}

function whole(rate: number): string {
  return Math.round(rate).toLocaleString("en");
}
