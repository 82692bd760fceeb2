// Merges the tokens of a long word, in pieces of work: a heap of pairs over a linked list, n log n time for n tokens.

/** Which two tokens merge. */
export interface Merges {
  /** @returns the merge, not negative; -1: these two do not merge */
  find(left: number, right: number): number;
  /** Lower ones merge first; of equal ones the first place. Below 2^22. */
  rankOf(merge: number): number;
  /** The token that a merge makes. */
  merged(merge: number): number;
}

/** A heap's key is `rank * PLACES + place`, an exact double: of equal ranks the first place comes first. */
const PLACES = 2 ** 31;
const END = -1;

/** One word on its way. */
export class MergeHeap {
  readonly #merges: Merges;
  readonly #ids: Int32Array;
  /** The places of the tokens before and after; a place that was merged away is nobody's neighbour. */
  readonly #previous: Int32Array;
  readonly #next: Int32Array;
  /** Each merge takes one key and adds two at most. Keys of pairs that are no more stay until they are taken. */
  readonly #heap: Float64Array;
  #size = 0;
  /** Tokens that are linked; the heap's keys come with them. */
  #linked = 0;

  /** @param ids becomes this object's */
  constructor(merges: Merges, ids: Int32Array) {
    this.#merges = merges;
    this.#ids = ids;
    this.#previous = new Int32Array(ids.length);
    this.#next = new Int32Array(ids.length);
    this.#heap = new Float64Array(2 * ids.length + 2);
  }

  /** Takes that many tokens, then pairs of them. @returns whether all is merged */
  step(count: number): boolean {
    let left = count;
    while (this.#linked < this.#ids.length) {
      if (left-- === 0) return false;
      this.#link(this.#linked++);
    }
    for (; left > 0 && this.#size > 0; left--) this.#mergeBest();
    return this.#size === 0;
  }

  /** The tokens that are left. Ends this object's use. */
  take(): Int32Array {
    const ids = this.#ids;
    let count = 0;
    // A token's place is never before the number of those before it, so they move to the front in place.
    for (let at = ids.length === 0 ? END : 0; at !== END; at = this.#next[at]!) ids[count++] = ids[at]!;
    return ids.slice(0, count);
  }

  #link(at: number): void {
    const isLast = at + 1 === this.#ids.length;
    this.#previous[at] = at - 1;
    this.#next[at] = isLast ? END : at + 1;
    if (!isLast) this.#add(this.#keyOf(at));
  }

  #mergeBest(): void {
    const key = this.#pop();
    const at = key % PLACES;
    const next = this.#next[at]!;
    // A place that was merged away points to itself, one that ends the word to nothing.
    if (next === END || next === at) return;
    const rank = (key - at) / PLACES;
    const merge = this.#merges.find(this.#ids[at]!, this.#ids[next]!);
    if (merge < 0 || this.#merges.rankOf(merge) !== rank) return;
    this.#ids[at] = this.#merges.merged(merge);
    const after = this.#next[next]!;
    this.#next[next] = next;
    this.#next[at] = after;
    if (after !== END) {
      this.#previous[after] = at;
      this.#add(this.#keyOf(at));
    }
    const before = this.#previous[at]!;
    if (before !== END) this.#add(this.#keyOf(before));
  }

  /** @returns -1 when the tokens here and after do not merge */
  #keyOf(at: number): number {
    const merge = this.#merges.find(this.#ids[at]!, this.#ids[this.#next[at]!]!);
    return merge < 0 ? -1 : this.#merges.rankOf(merge) * PLACES + at;
  }

  #add(key: number): void {
    if (key < 0) return;
    const heap = this.#heap;
    let at = this.#size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]! <= key) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = key;
  }

  #pop(): number {
    const best = this.#heap[0]!;
    this.#size -= 1;
    if (this.#size > 0) this.#sink(0, this.#heap[this.#size]!);
    return best;
  }

  #sink(from: number, key: number): void {
    const heap = this.#heap;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#size) break;
      if (child + 1 < this.#size && heap[child + 1]! < heap[child]!) child += 1;
      if (heap[child]! >= key) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = key;
  }
}
