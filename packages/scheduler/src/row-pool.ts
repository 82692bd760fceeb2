// Rows of the device tables: a running request owns one for life.
import { assertInternal } from "@octavo/core";

export class RowPool {
  readonly #rows: Int32Array;
  #free: number;

  constructor(numRows: number) {
    this.#rows = Int32Array.from({ length: numRows }, (_, i) => numRows - 1 - i);
    this.#free = numRows;
  }

  get free(): number {
    return this.#free;
  }

  take(): number {
    assertInternal(this.#free > 0, `all ${this.#rows.length} rows are taken`);
    return this.#rows[--this.#free]!;
  }

  release(row: number): void {
    assertInternal(this.#free < this.#rows.length, `row ${row} was released, but all ${this.#rows.length} are free`);
    this.#rows[this.#free++] = row;
  }
}
