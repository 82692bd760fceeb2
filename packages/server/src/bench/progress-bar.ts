// A bar on stderr while a benchmark runs. Nothing where nobody looks.

const WIDTH = 30;
const INTERVAL_MS = 100;

export class ProgressBar {
  readonly #total: number;
  readonly #unit: string;
  readonly #visible: boolean;
  readonly #started = performance.now();
  #done = 0;
  #drawn = 0;

  constructor(total: number, unit: string, visible = process.stderr.isTTY === true) {
    this.#total = total;
    this.#unit = unit;
    this.#visible = visible;
  }

  /** One more is done. */
  advance(): void {
    this.#done++;
    const now = performance.now();
    if (!this.#visible || (now - this.#drawn < INTERVAL_MS && this.#done < this.#total)) return;
    this.#drawn = now;
    process.stderr.write(`\r${this.text(now)}\x1b[K`);
  }

  /** Clears the line. */
  end(): void {
    if (this.#visible) process.stderr.write("\r\x1b[K");
  }

  /** @param now milliseconds */
  text(now: number): string {
    const seconds = (now - this.#started) / 1000;
    const left = (seconds * (this.#total - this.#done)) / Math.max(this.#done, 1);
    return `${drawBar(this.#done / this.#total)} ${this.#done}/${this.#total} ${this.#unit}, ${seconds.toFixed(0)} s, ${left.toFixed(0)} s left`;
  }
}

/** @param share from 0 to 1 */
export function drawBar(share: number): string {
  return `[${"#".repeat(Math.round(WIDTH * share)).padEnd(WIDTH, ".")}]`;
}
