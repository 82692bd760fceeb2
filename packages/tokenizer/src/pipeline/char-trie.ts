// A trie over UTF-16 units in one open hash table of typed arrays: a vocabulary of 250,000 pieces has a million nodes, which as
// objects or Maps would take ten times the memory and seconds to build.

const EMPTY = -1;

/** Strings with a number each, for searches of everything that begins at a place of a text. */
export class CharTrie {
  static readonly root = 0;
  #nodes = 1;
  #mask = 1023;
  /** The parent node of each slot's edge; -1: free. */
  #parents = new Int32Array(1024).fill(EMPTY);
  #units = new Uint16Array(1024);
  #children = new Int32Array(1024);
  #values: number[] = [EMPTY];

  /** @param entries texts (not empty) and their values, at least 0; of equal texts the last one counts */
  constructor(entries: Iterable<readonly [string, number]>) {
    for (const [text, value] of entries) {
      let node = CharTrie.root;
      for (let i = 0; i < text.length; i++) node = this.#add(node, text.charCodeAt(i));
      this.#values[node] = value;
    }
  }

  /** The node behind `node` by this UTF-16 unit; -1: no string goes on so. */
  step(node: number, unit: number): number {
    return this.#children[this.#slotOf(node, unit)]!;
  }

  /** The value of the string that ends at this node; -1: none does. */
  valueAt(node: number): number {
    return this.#values[node]!;
  }

  /** The node of a text; -1: no string begins so. */
  find(text: string): number {
    let node = CharTrie.root;
    for (let i = 0; i < text.length && node >= 0; i++) node = this.step(node, text.charCodeAt(i));
    return node;
  }

  #add(node: number, unit: number): number {
    const slot = this.#slotOf(node, unit);
    if (this.#parents[slot] !== EMPTY) return this.#children[slot]!;
    this.#set(slot, node, unit, this.#nodes);
    this.#values.push(EMPTY);
    this.#nodes += 1;
    if (this.#nodes * 2 > this.#mask) this.#grow();
    return this.#nodes - 1;
  }

  #set(slot: number, parent: number, unit: number, child: number): void {
    this.#parents[slot] = parent;
    this.#units[slot] = unit;
    this.#children[slot] = child;
  }

  /** The edge's slot, or the free one where it belongs (whose child is -1). */
  #slotOf(node: number, unit: number): number {
    let slot = (Math.imul(node, 0x9e3779b1) ^ Math.imul(unit, 0x85ebca6b)) >>> 7;
    slot = (slot ^ (slot >>> 11)) & this.#mask;
    while (this.#parents[slot] !== EMPTY && (this.#parents[slot] !== node || this.#units[slot] !== unit)) {
      slot = (slot + 1) & this.#mask;
    }
    if (this.#parents[slot] === EMPTY) this.#children[slot] = EMPTY;
    return slot;
  }

  #grow(): void {
    const [parents, units, children] = [this.#parents, this.#units, this.#children];
    const size = parents.length * 2;
    this.#mask = size - 1;
    this.#parents = new Int32Array(size).fill(EMPTY);
    this.#units = new Uint16Array(size);
    this.#children = new Int32Array(size);
    for (const [slot, parent] of parents.entries()) {
      if (parent === EMPTY) continue;
      const unit = units[slot]!;
      this.#set(this.#slotOf(parent, unit), parent, unit, children[slot]!);
    }
  }
}
