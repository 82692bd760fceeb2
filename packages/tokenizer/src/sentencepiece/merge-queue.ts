// Merges that may be done, best first: a binary heap in typed arrays that grow, because a text without words (Chinese, base64) is one
// piece of any length.

/** A possible merge of the symbol at `left` with the next one. */
export interface Merge {
  /** Lower goes first; of equal ones the one further left. */
  rank: number;
  left: number;
  /** Ids at the time of the offer: a merge is stale when one has changed. */
  leftId: number;
  rightId: number;
  mergedId: number;
}

const FIELDS = 4;

export class MergeQueue {
  #size = 0;
  #ranks = new Float64Array(64);
  #fields = new Int32Array(64 * FIELDS);

  push(rank: number, left: number, leftId: number, rightId: number, mergedId: number): void {
    if (this.#size === this.#ranks.length) this.#grow();
    let slot = this.#size++;
    while (slot > 0) {
      const parent = (slot - 1) >> 1;
      if (!this.#goesFirst(rank, left, parent)) break;
      this.#copy(parent, slot);
      slot = parent;
    }
    this.#set(slot, rank, left, leftId, rightId, mergedId);
  }

  /** Moves the best merge into `into`. @returns whether there was one */
  pop(into: Merge): boolean {
    if (this.#size === 0) return false;
    into.rank = this.#ranks[0]!;
    into.left = this.#fields[0]!;
    into.leftId = this.#fields[1]!;
    into.rightId = this.#fields[2]!;
    into.mergedId = this.#fields[3]!;
    const last = --this.#size;
    const rank = this.#ranks[last]!;
    const left = this.#fields[last * FIELDS]!;
    let slot = 0;
    for (;;) {
      let child = 2 * slot + 1;
      if (child >= last) break;
      if (child + 1 < last && this.#goesFirst(this.#ranks[child + 1]!, this.#fields[(child + 1) * FIELDS]!, child))
        child += 1;
      if (!this.#goesFirst(this.#ranks[child]!, this.#fields[child * FIELDS]!, -1, rank, left)) break;
      this.#copy(child, slot);
      slot = child;
    }
    this.#copy(last, slot);
    return true;
  }

  #goesFirst(
    rank: number,
    left: number,
    slot: number,
    otherRank = this.#ranks[slot]!,
    otherLeft = this.#fields[slot * FIELDS]!,
  ) {
    return rank < otherRank || (rank === otherRank && left < otherLeft);
  }

  #set(slot: number, rank: number, left: number, leftId: number, rightId: number, mergedId: number): void {
    this.#ranks[slot] = rank;
    const at = slot * FIELDS;
    this.#fields[at] = left;
    this.#fields[at + 1] = leftId;
    this.#fields[at + 2] = rightId;
    this.#fields[at + 3] = mergedId;
  }

  #copy(from: number, to: number): void {
    this.#ranks[to] = this.#ranks[from]!;
    this.#fields.copyWithin(to * FIELDS, from * FIELDS, from * FIELDS + FIELDS);
  }

  #grow(): void {
    const ranks = new Float64Array(this.#ranks.length * 2);
    ranks.set(this.#ranks);
    this.#ranks = ranks;
    const fields = new Int32Array(this.#fields.length * 2);
    fields.set(this.#fields);
    this.#fields = fields;
  }
}
