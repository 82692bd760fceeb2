// Drafts from the request's own text: what followed when its last tokens came before.
import { NO_TOKEN } from "@octavo/core";
import type { DraftRequest } from "@octavo/scheduler";
import { NgramIndex } from "./ngram-index.js";
import type { Proposer } from "./proposer.js";
import type { ResolvedSpeculation } from "./speculative-config.js";

interface Lookup {
  readonly index: NgramIndex;
  /** The request's length when it was looked up last, and what was found. */
  length: number;
  found: number;
}

export class NgramProposer implements Proposer {
  readonly #config: ResolvedSpeculation;
  readonly #lookups = new Map<number, Lookup>();

  constructor(config: ResolvedSpeculation) {
    this.#config = config;
  }

  available(request: DraftRequest): number {
    return this.#find(request) === NO_TOKEN ? 0 : this.#config.numSpeculativeTokens;
  }

  propose(requests: readonly DraftRequest[], count: number): void {
    for (let i = 0; i < count; i++) {
      const request = requests[i]!;
      const found = this.#find(request);
      if (found === NO_TOKEN) continue;
      // Where the earlier place reaches the end of the text, it goes on with the drafts: a period is repeated.
      for (let j = 0; j < request.maxDrafts; j++) request.addDraft(request.tokens[found + j]!);
    }
  }

  forget(request: DraftRequest): void {
    this.#lookups.delete(request.id);
  }

  #find({ id, tokens, length }: DraftRequest): number {
    let lookup = this.#lookups.get(id);
    if (!lookup) {
      const { promptLookupMin, promptLookupMax } = this.#config;
      lookup = { index: new NgramIndex(promptLookupMin, promptLookupMax), length: 0, found: NO_TOKEN };
      this.#lookups.set(id, lookup);
    }
    if (lookup.length !== length) {
      lookup.found = lookup.index.find(tokens, length);
      lookup.length = length;
    }
    return lookup.found;
  }

  [Symbol.dispose](): void {
    this.#lookups.clear();
  }
}
