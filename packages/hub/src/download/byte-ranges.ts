// Which bytes of a file are there.

export interface ByteRange {
  readonly begin: number;
  /** The first byte that is not in it. */
  readonly end: number;
}

export class ByteRanges {
  /** In order, apart from each other. */
  #ranges: ByteRange[] = [];

  /** Bytes that are there. */
  get length(): number {
    return this.#ranges.reduce((sum, { begin, end }) => sum + end - begin, 0);
  }

  add(begin: number, end: number): void {
    if (end <= begin) return;
    const apart = this.#ranges.filter((range) => range.end < begin || range.begin > end);
    const touching = this.#ranges.filter((range) => !apart.includes(range));
    const merged = {
      begin: Math.min(begin, ...touching.map((range) => range.begin)),
      end: Math.max(end, ...touching.map((range) => range.end)),
    };
    this.#ranges = [...apart, merged].sort((a, b) => a.begin - b.begin);
  }

  /** What of `size` bytes is not there, in pieces of at most `most` bytes. */
  missing(size: number, most: number): ByteRange[] {
    const pieces: ByteRange[] = [];
    let begin = 0;
    for (const range of [...this.#ranges, { begin: size, end: size }]) {
      for (; begin < range.begin; begin += most) pieces.push({ begin, end: Math.min(begin + most, range.begin) });
      begin = range.end;
    }
    return pieces;
  }

  clear(): void {
    this.#ranges = [];
  }
}
