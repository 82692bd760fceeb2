// A step's results as one flat Int32Array of (request, token, finish, cached tokens, queue time) records.
import type { OutputSink } from "@octavo/scheduler";

/** Words of one record. */
export const OUTPUT_WORDS = 5;

/** Gathers one step's records; nothing is allocated until they are taken. */
export class OutputBatch implements OutputSink {
  #words: Int32Array;
  #length = 0;
  readonly #queueMicros: (id: number) => number;

  /** @param queueMicros how long a request waited, for the record of its first token; 0 for others */
  constructor(maxRows: number, queueMicros: (id: number) => number = () => 0) {
    this.#queueMicros = queueMicros;
    this.#words = new Int32Array(OUTPUT_WORDS * maxRows);
  }

  onToken(id: number, token: number, finish: number, cachedTokens: number): void {
    if (this.#length === this.#words.length) this.#enlarge();
    this.#words[this.#length] = id;
    this.#words[this.#length + 1] = token;
    this.#words[this.#length + 2] = finish;
    this.#words[this.#length + 3] = cachedTokens;
    this.#words[this.#length + 4] = this.#queueMicros(id);
    this.#length += OUTPUT_WORDS;
  }

  get empty(): boolean {
    return this.#length === 0;
  }

  /** A copy of the records so far, to be posted; the batch is empty afterwards. */
  take(): Int32Array {
    const words = this.#words.slice(0, this.#length);
    this.#length = 0;
    return words;
  }

  #enlarge(): void {
    const words = new Int32Array(2 * this.#words.length);
    words.set(this.#words);
    this.#words = words;
  }
}
