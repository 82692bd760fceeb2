// How long a step takes, by its tokens: measured while serving, so that drafts are verified only where that pays here and now.

/** Steps of more tokens are put together: no draft pays there. */
const MOST = 1024;
/** A step that was faster than expected says more than one that was slower, which something else may have held up. */
const FASTER = 0.25;
const SLOWER = 0.05;
/** Before anything was measured: a token costs half of its share of a step. */
const ASSUMED_SHARE = 0.5;

/** Milliseconds of steps in which every token samples, for one kind of step. */
export class StepCosts {
  readonly #times = new Float64Array(MOST + 1);
  /** Which entries of `times` were measured, ascending. */
  readonly #measured = new Int32Array(MOST + 1);
  #count = 0;

  /** A step of so many tokens took so long. */
  add(tokens: number, milliseconds: number): void {
    const at = Math.min(tokens, MOST);
    const time = this.#times[at]!;
    if (time === 0) {
      this.#insert(at);
      this.#times[at] = milliseconds;
      return;
    }
    const rate = milliseconds < time ? FASTER : SLOWER;
    this.#times[at] = time + rate * (Math.min(milliseconds, 2 * time) - time);
  }

  /** What a step of so many tokens should take; 0 while nothing is known. */
  of(tokens: number): number {
    const n = Math.min(tokens, MOST);
    const above = this.#firstFrom(n);
    const high = this.#measured[above]!;
    const low = this.#measured[above - 1]!;
    if (above < this.#count && (high === n || above === 0)) return high === n ? this.#times[n]! : this.#scaled(high, n);
    if (above === 0) return 0;
    if (above === this.#count) return this.#scaled(low, n);
    const share = (n - low) / (high - low);
    return this.#times[low]! + share * (this.#times[high]! - this.#times[low]!);
  }

  /** From the nearest measured number of tokens. */
  #scaled(from: number, tokens: number): number {
    return this.#times[from]! * (1 + (ASSUMED_SHARE * (tokens - from)) / from);
  }

  /** Index of the first measured number that is not below `tokens`. */
  #firstFrom(tokens: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#measured[middle]! < tokens) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #insert(tokens: number): void {
    let at = this.#count++;
    while (at > 0 && this.#measured[at - 1]! > tokens) {
      this.#measured[at] = this.#measured[at - 1]!;
      at--;
    }
    this.#measured[at] = tokens;
  }
}
