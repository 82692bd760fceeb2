// A suffix tree of bounded depth over token texts, grown token by token: what followed each context, and how often
// (suffix decoding, Oliaro et al. 2024).

const ROOT = 0;
const NONE = 0; // no node has the root as its child
/** Stands between two texts. */
const END = -1;
const FIRST_NODES = 1024;

/**
 * A path that occurred once is not spelled out: its node knows where in the text it goes on, and gets a child when another
 * occurrence comes by. So a text takes few nodes for each token, however deep the tree may be.
 */
export class SuffixTree {
  readonly #maxDepth: number;
  #text = new Int32Array(FIRST_NODES);
  #length = 0;
  // For each node:
  #parent = new Int32Array(FIRST_NODES);
  #token = new Int32Array(FIRST_NODES);
  /** Occurrences of its path. */
  #count = new Int32Array(FIRST_NODES);
  /** Of these, followed by a token that a child stands for. */
  #passed = new Int32Array(FIRST_NODES);
  /** The child that occurred most, of equal ones the one that came last. */
  #best = new Int32Array(FIRST_NODES);
  /** Where in the text its path first ended. */
  #place = new Int32Array(FIRST_NODES);
  #numNodes = 1;
  /** Children by hash of parent and token; NONE where free. */
  #table = new Int32Array(2 * FIRST_NODES);
  /** Nodes of the ends of the text that occurred before, longest first, and how deep they are. */
  readonly #cursors: Int32Array;
  readonly #depths: Int32Array;
  #numCursors = 0;
  // What `match` found: a node, or where its only occurrence goes on.
  #matchNode = ROOT;
  #matchPlace = -1;
  // What `next` gave last.
  #probability = 1;

  /** @param maxDepth tokens of a context and its continuation at most */
  constructor(maxDepth: number) {
    this.#maxDepth = maxDepth;
    this.#cursors = new Int32Array(maxDepth + 1);
    this.#depths = new Int32Array(maxDepth + 1);
  }

  /** Tokens of all texts. */
  get length(): number {
    return this.#length;
  }

  /** Adds `tokens[from, to)` to the text. */
  append(tokens: Int32Array, from: number, to: number): void {
    for (let i = from; i < to; i++) this.#push(tokens[i]!);
  }

  /** The next token begins another text. */
  endText(): void {
    this.#write(END);
    this.#numCursors = 0;
  }

  /**
   * Looks for the longest end of `tokens[0, length)` that a token follows somewhere, and makes it the context of {@link next}.
   * @returns how many tokens it has; 0: none
   */
  match(tokens: Int32Array, length: number): number {
    for (let depth = Math.min(this.#maxDepth - 1, length); depth > 0; depth--) {
      if (this.#walk(tokens, length - depth, length)) return depth;
    }
    return 0;
  }

  /** The token that most often follows the context, which it then becomes part of; -1: none does. */
  next(): number {
    if (this.#matchPlace >= 0) {
      this.#probability = 1;
      return this.#matchPlace < this.#length ? this.#text[this.#matchPlace++]! : END;
    }
    const node = this.#matchNode;
    const best = this.#best[node]!;
    if (best === NONE) {
      // Too deep for children: what followed the first time.
      this.#matchPlace = this.#place[node]!;
      return this.next();
    }
    this.#probability = this.#count[best]! / this.#passed[node]!;
    this.#enter(best);
    return this.#token[best]!;
  }

  /** How often, of all times that something followed, it was the token that `next` gave last. */
  get probability(): number {
    return this.#probability;
  }

  /** @returns whether the tree has the path `tokens[from, to)`, and something after it */
  #walk(tokens: Int32Array, from: number, to: number): boolean {
    this.#matchNode = ROOT;
    this.#matchPlace = -1;
    for (let i = from; i < to; i++) {
      if (this.#matchPlace >= 0) {
        if (this.#text[this.#matchPlace++] !== tokens[i] || this.#matchPlace > this.#length) return false;
        continue;
      }
      const child = this.#child(this.#matchNode, tokens[i]!);
      if (child === NONE) return false;
      this.#enter(child);
    }
    if (this.#matchPlace < 0) return this.#best[this.#matchNode] !== NONE;
    return this.#matchPlace < this.#length && this.#text[this.#matchPlace] !== END;
  }

  #enter(node: number): void {
    this.#matchNode = node;
    if (this.#best[node] === NONE && this.#count[node] === 1) this.#matchPlace = this.#place[node]!;
  }

  #push(token: number): void {
    this.#write(token);
    this.#cursors[this.#numCursors] = ROOT;
    this.#depths[this.#numCursors++] = 0;
    let kept = 0;
    for (let i = 0; i < this.#numCursors; i++) {
      const node = this.#cursors[i]!;
      const depth = this.#depths[i]! + 1;
      this.#passed[node]!++;
      let child = this.#child(node, token);
      if (child === NONE) {
        child = this.#add(node, token, this.#length);
      } else {
        if (this.#count[child]! === 1 && depth < this.#maxDepth) this.#spell(child);
        this.#count[child]!++;
        if (depth < this.#maxDepth) {
          this.#cursors[kept] = child;
          this.#depths[kept++] = depth;
        }
      }
      if (this.#count[child]! >= this.#count[this.#best[node]!]!) this.#best[node] = child;
    }
    this.#numCursors = kept;
  }

  /** Gives a node with one occurrence the child for its next token. */
  #spell(node: number): void {
    const place = this.#place[node]!;
    const token = this.#text[place]!;
    if (token === END) return;
    this.#passed[node]!++;
    this.#best[node] = this.#add(node, token, place + 1);
  }

  #add(parent: number, token: number, place: number): number {
    if (this.#numNodes === this.#parent.length) this.#enlarge();
    const node = this.#numNodes++;
    this.#parent[node] = parent;
    this.#token[node] = token;
    this.#count[node] = 1;
    this.#place[node] = place;
    this.#table[this.#slot(parent, token)] = node;
    return node;
  }

  #child(parent: number, token: number): number {
    return this.#table[this.#slot(parent, token)]!;
  }

  /** Where the child is, or where it would be. */
  #slot(parent: number, token: number): number {
    const mask = this.#table.length - 1;
    const hash = Math.imul(parent, 0x9e3779b1) ^ Math.imul(token + 1, 0x85ebca6b);
    let slot = (hash ^ (hash >>> 15)) & mask;
    for (;;) {
      const node = this.#table[slot]!;
      if (node === NONE || (this.#parent[node] === parent && this.#token[node] === token)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #write(token: number): void {
    if (this.#length === this.#text.length) this.#text = doubled(this.#text);
    this.#text[this.#length++] = token;
  }

  #enlarge(): void {
    this.#parent = doubled(this.#parent);
    this.#token = doubled(this.#token);
    this.#count = doubled(this.#count);
    this.#passed = doubled(this.#passed);
    this.#best = doubled(this.#best);
    this.#place = doubled(this.#place);
    this.#table = new Int32Array(2 * this.#parent.length);
    for (let node = 1; node < this.#numNodes; node++) {
      this.#table[this.#slot(this.#parent[node]!, this.#token[node]!)] = node;
    }
  }
}

function doubled(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * array.length);
  larger.set(array);
  return larger;
}
