// What happened when: amounts summed in equal bins of time. How long a run will be is not known, so that bins double when the
// end is reached.

const FIRST_BIN_SECONDS = 2 ** -10;

export class Timeline<Series extends string> {
  readonly #sums: Readonly<Record<Series, Float64Array>>;
  readonly #names: readonly Series[];
  readonly #bins: number;
  #binSeconds = FIRST_BIN_SECONDS;
  #end = 0;

  /** @param bins even; between half of them and all are used in the end */
  constructor(names: readonly Series[], bins = 240) {
    this.#names = names;
    this.#bins = bins;
    const sums = names.map((name) => [name, new Float64Array(bins)] as const);
    this.#sums = Object.fromEntries(sums) as Record<Series, Float64Array>;
  }

  /** Seconds a bin covers. */
  get binSeconds(): number {
    return this.#binSeconds;
  }

  /** Counts something at an instant. */
  add(name: Series, time: number, amount: number): void {
    if (amount === 0) return;
    this.#sums[name][this.#bin(time)]! += amount;
  }

  /** Adds what lasts: `level` times the seconds from `from` to `to`. */
  addSpan(name: Series, from: number, to: number, level: number): void {
    if (to <= from) return;
    this.#bin(to);
    const sums = this.#sums[name];
    for (let start = from; start < to; ) {
      const bin = Math.floor(start / this.#binSeconds);
      const end = Math.min(to, (bin + 1) * this.#binSeconds);
      sums[bin]! += level * (end - start);
      start = end > start ? end : to;
    }
  }

  /** The sum over all time. */
  total(name: Series): number {
    return this.#sums[name].reduce((sum, value) => sum + value, 0);
  }

  /** Sums of each bin, divided by its seconds: rates of what was counted, means of what lasts. */
  perSecond(name: Series): number[] {
    const used = Math.min(this.#bins, Math.max(1, Math.ceil(this.#end / this.#binSeconds)));
    const sums = this.#sums[name].slice(0, used);
    // What is counted at the very end belongs to the time before it.
    if (used < this.#bins) sums[used - 1]! += this.#sums[name][used]!;
    return Array.from(sums, (sum, i) => {
      // The last bin ends where the run does.
      const seconds = Math.min(this.#binSeconds, this.#end - i * this.#binSeconds);
      return seconds > 0 ? sum / seconds : 0;
    });
  }

  #bin(time: number): number {
    if (time > this.#end) this.#end = time;
    while (time >= this.#bins * this.#binSeconds) this.#halve();
    return Math.floor(time / this.#binSeconds);
  }

  /** Makes one bin of two. */
  #halve(): void {
    for (const name of this.#names) {
      const sums = this.#sums[name];
      for (let i = 0; i < this.#bins / 2; i++) sums[i] = sums[2 * i]! + sums[2 * i + 1]!;
      sums.fill(0, this.#bins / 2);
    }
    this.#binSeconds *= 2;
  }
}
