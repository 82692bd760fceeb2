// Drafts from a suffix tree over the request's own text, and from one over what earlier requests were answered.
import type { DraftRequest } from "@octavo/scheduler";
import type { Proposer } from "./proposer.js";
import type { ResolvedSpeculation } from "./speculative-config.js";
import { SuffixTree } from "./suffix-tree.js";

/** Tokens after which remembered outputs are renewed, however few requests they are of: bounds the memory to some 100 MB. */
const MAX_REMEMBERED = 2 ** 20;

interface Own {
  readonly tree: SuffixTree;
  /** Tokens of the request that the tree has. */
  known: number;
  /** The request's length when it was looked up last, and what was found. */
  length: number;
  matched: number;
}

/** Outputs of finished requests. When one half is full it replaces the other, so that the oldest are forgotten first. */
class Remembered {
  readonly #depth: number;
  readonly #mostTexts: number;
  #newer: SuffixTree;
  #older: SuffixTree;
  #numTexts = 0;

  constructor(depth: number, maxRequests: number) {
    this.#depth = depth;
    this.#mostTexts = Math.ceil(maxRequests / 2);
    this.#newer = new SuffixTree(depth);
    this.#older = new SuffixTree(depth);
  }

  add(tokens: Int32Array, from: number, to: number): void {
    if (from === to || this.#mostTexts === 0) return;
    if (this.#numTexts === this.#mostTexts || this.#newer.length > MAX_REMEMBERED / 2) {
      this.#older = this.#newer;
      this.#newer = new SuffixTree(this.#depth);
      this.#numTexts = 0;
    }
    this.#newer.append(tokens, from, to);
    this.#newer.endText();
    this.#numTexts++;
  }

  /** The tree that matches more. */
  best(tokens: Int32Array, length: number): SuffixTree {
    return this.#older.match(tokens, length) > this.#newer.match(tokens, length) ? this.#older : this.#newer;
  }
}

export class SuffixProposer implements Proposer {
  readonly #config: ResolvedSpeculation;
  readonly #remembered: Remembered;
  readonly #own = new Map<number, Own>();

  constructor(config: ResolvedSpeculation) {
    this.#config = config;
    const { suffixDecodingMaxTreeDepth, suffixDecodingMaxCachedRequests } = config;
    this.#remembered = new Remembered(suffixDecodingMaxTreeDepth, suffixDecodingMaxCachedRequests);
  }

  available(request: DraftRequest): number {
    const { numSpeculativeTokens, suffixDecodingMaxSpecFactor } = this.#config;
    const { matched } = this.#update(request);
    return Math.min(numSpeculativeTokens, Math.floor(matched * suffixDecodingMaxSpecFactor));
  }

  propose(requests: readonly DraftRequest[], count: number): void {
    for (let i = 0; i < count; i++) this.#draft(requests[i]!);
  }

  forget(request: DraftRequest): void {
    this.#own.delete(request.id);
    this.#remembered.add(request.tokens, request.promptLength, request.length);
  }

  #draft(request: DraftRequest): void {
    const { tokens, length, maxDrafts } = request;
    const { tree: own } = this.#update(request);
    const remembered = this.#remembered.best(tokens, length);
    const tree = remembered.match(tokens, length) > own.match(tokens, length) ? remembered : own;
    let probability = 1;
    for (let drafts = 0; drafts < maxDrafts; drafts++) {
      const token = tree.next();
      probability *= tree.probability;
      if (token < 0 || probability < this.#config.suffixDecodingMinTokenProb) return;
      request.addDraft(token);
    }
  }

  #update({ id, tokens, length }: DraftRequest): Own {
    let own = this.#own.get(id);
    if (!own) {
      own = { tree: new SuffixTree(this.#config.suffixDecodingMaxTreeDepth), known: 0, length: 0, matched: 0 };
      this.#own.set(id, own);
    }
    if (own.length === length) return own;
    own.tree.append(tokens, own.known, length);
    own.known = own.length = length;
    const remembered = this.#remembered.best(tokens, length);
    own.matched = Math.max(own.tree.match(tokens, length), remembered.match(tokens, length));
    return own;
  }

  [Symbol.dispose](): void {
    this.#own.clear();
  }
}
