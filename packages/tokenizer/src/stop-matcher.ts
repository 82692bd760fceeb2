// Finds stop strings in text that arrives in pieces, and holds back only what may still become one. An Aho-Corasick automaton
// (CACM 18(6), 1975) over UTF-16 code units: its depth is exactly the length to hold back, and the result does not depend
// on how the text is cut.
import { checkArgument } from "@octavo/core";

interface Node {
  readonly next: Map<number, number>;
  /** The state for the longest proper suffix that is a prefix of some stop string. */
  fail: number;
  readonly depth: number;
  /** Index of the longest stop string that ends here, or -1. */
  match: number;
}

/**
 * Which stop string wins: the one that ends first; of several that end at the same place, the longest.
 * So the text ends as soon as any stop string is complete, whether it came in one piece or character by character.
 */
export class StopMatcher {
  readonly #stops: readonly string[];
  readonly #includeStop: boolean;
  readonly #nodes: Node[];
  #state = 0;
  #held = "";
  #matched: string | null = null;

  /** @throws INVALID_ARGUMENT (`stop[i]`) for an empty string or half a surrogate pair */
  constructor(stops: readonly string[], options: { readonly includeStop?: boolean } = {}) {
    this.#stops = stops;
    this.#includeStop = options.includeStop ?? false;
    this.#nodes = automaton(stops);
  }

  /** The stop string that was found. */
  get matched(): string | null {
    return this.#matched;
  }

  /**
   * @param mayEnd false: a stop string that ends in this piece is text like any other
   * @returns text that is no part of a stop string (but a found one with `includeStop`); "" once one was found
   */
  push(piece: string, mayEnd = true): string {
    if (this.#matched !== null) return "";
    const text = this.#held + piece;
    for (let i = this.#held.length; i < text.length; i++) {
      this.#state = this.#step(this.#state, text.charCodeAt(i));
      const match = this.#nodes[this.#state]!.match;
      if (match < 0 || !mayEnd) continue;
      const stop = this.#stops[match]!;
      this.#matched = stop;
      this.#held = "";
      return text.slice(0, this.#includeStop ? i + 1 : i + 1 - stop.length);
    }
    const certain = text.length - this.#nodes[this.#state]!.depth;
    this.#held = text.slice(certain);
    return certain === text.length ? text : text.slice(0, certain);
  }

  /** No more text comes: what was held back is no stop string after all. */
  finish(): string {
    const rest = this.#held;
    this.#held = "";
    return rest;
  }

  #step(state: number, unit: number): number {
    for (let at = state; ; at = this.#nodes[at]!.fail) {
      const next = this.#nodes[at]!.next.get(unit);
      if (next !== undefined) return next;
      if (at === 0) return 0;
    }
  }
}

function automaton(stops: readonly string[]): Node[] {
  const nodes: Node[] = [{ next: new Map(), fail: 0, depth: 0, match: -1 }];
  stops.forEach((stop, index) => {
    checkArgument(
      stop.length > 0,
      `stop[${index}] is an empty string; leave it out or give it characters`,
      `stop[${index}]`,
    );
    checkArgument(
      !/\p{Surrogate}/u.test(stop),
      `stop[${index}] has half a surrogate pair, which no text contains`,
      `stop[${index}]`,
    );
    let at = 0;
    for (let i = 0; i < stop.length; i++) {
      const unit = stop.charCodeAt(i);
      let next = nodes[at]!.next.get(unit);
      if (next === undefined) {
        next = nodes.length;
        nodes.push({ next: new Map(), fail: 0, depth: i + 1, match: -1 });
        nodes[at]!.next.set(unit, next);
      }
      at = next;
    }
    if (nodes[at]!.match < 0) nodes[at]!.match = index;
  });
  linkFailures(nodes);
  return nodes;
}

/** Breadth first, so that a node's failure state is complete before the node needs it. */
function linkFailures(nodes: Node[]): void {
  const queue = [...nodes[0]!.next.values()];
  for (let head = 0; head < queue.length; head++) {
    const node = nodes[queue[head]!]!;
    if (node.match < 0) node.match = nodes[node.fail]!.match;
    for (const [unit, child] of node.next) {
      let fail = node.fail;
      while (fail !== 0 && !nodes[fail]!.next.has(unit)) fail = nodes[fail]!.fail;
      nodes[child]!.fail = nodes[fail]!.next.get(unit) ?? 0;
      queue.push(child);
    }
  }
}
