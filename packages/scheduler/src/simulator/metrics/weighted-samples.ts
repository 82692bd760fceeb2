// Exact percentiles of many values of which most are equal: the gap between two tokens is that of all rows of a step.

export const PERCENTS = [50, 90, 99] as const;

/** Seconds. */
export interface Distribution {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export class WeightedSamples {
  #values = new Float64Array(1024);
  #weights = new Float64Array(1024);
  #length = 0;
  #count = 0;
  #sum = 0;
  /** The value of each rank, of the first `#rankedCount` values. */
  #ranked: (rank: number) => number = () => 0;
  #rankedCount = 0;

  get count(): number {
    return this.#count;
  }

  add(value: number, weight = 1): void {
    this.#count += weight;
    this.#sum += weight * value;
    const last = this.#length - 1;
    if (last >= 0 && this.#values[last] === value) {
      this.#weights[last]! += weight;
      return;
    }
    if (this.#length === this.#values.length) {
      this.#values = enlarged(this.#values);
      this.#weights = enlarged(this.#weights);
    }
    this.#values[this.#length] = value;
    this.#weights[this.#length++] = weight;
  }

  distribution(): Distribution {
    const at = this.#sorted();
    const [p50, p90, p99, max] = [...PERCENTS, 100].map((percent) => percentile(at, this.#count, percent));
    const mean = this.#count > 0 ? this.#sum / this.#count : 0;
    return { count: this.#count, mean, p50: p50!, p90: p90!, p99: p99!, max: max! };
  }

  /** Values at these percents. */
  percentiles(percents: readonly number[]): number[] {
    const at = this.#sorted();
    return percents.map((percent) => percentile(at, this.#count, percent));
  }

  /** Gives the value of each rank, from 0 to count - 1. Sorts when values came since the last call. */
  #sorted(): (rank: number) => number {
    if (this.#rankedCount < this.#count) this.#sort();
    return this.#ranked;
  }

  #sort(): void {
    const order = Uint32Array.from({ length: this.#length }, (_, i) => i);
    order.sort((a, b) => this.#values[a]! - this.#values[b]!);
    const values = Float64Array.from(order, (i) => this.#values[i]!);
    let total = 0;
    const ends = Float64Array.from(order, (i) => (total += this.#weights[i]!));
    this.#rankedCount = this.#count;
    this.#ranked = (rank) => {
      let low = 0;
      let high = ends.length - 1;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (ends[middle]! > rank) high = middle;
        else low = middle + 1;
      }
      return values[low] ?? 0;
    };
  }
}

/** The value below which `percent` of the values lie, between neighbours linearly, as numpy does; 0 of none. */
function percentile(at: (rank: number) => number, count: number, percent: number): number {
  if (count === 0) return 0;
  const rank = (percent / 100) * (count - 1);
  const below = at(Math.floor(rank));
  return below + (rank - Math.floor(rank)) * (at(Math.min(Math.floor(rank) + 1, count - 1)) - below);
}

function enlarged(array: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * array.length);
  larger.set(array);
  return larger;
}
