// Tokens and merges of a BPE model, with the merges as ids.
import { IdList } from "./id-list.js";
import { NotCovered } from "./not-covered.js";

/** A text in old files: two tokens with a space between. */
export type MergeConfig = string | readonly [string, string];

/** Far above the ids of real models, and below what takes much memory. */
const MAX_ID = 2 ** 24;

/** Filled token by token, then merge by merge. */
export class BpeVocabulary {
  /** By token. */
  readonly ids = new Map<string, number>();
  /** By id; ids without a token are holes. */
  readonly tokens: string[] = [];
  readonly #merges = new IdList();
  /** The token that the next merge probably makes. */
  #guess = 0;

  static of(vocab: Readonly<Record<string, number>>, merges: readonly MergeConfig[]): BpeVocabulary {
    const vocabulary = new BpeVocabulary();
    for (const [token, id] of Object.entries(vocab)) vocabulary.addToken(token, id);
    for (const merge of merges) {
      if (typeof merge === "string") vocabulary.addMergeText(merge);
      else vocabulary.addMerge(merge[0], merge[1]);
    }
    return vocabulary;
  }

  /** @throws Error for what is no id */
  addToken(token: string, id: number): void {
    if (!(Number.isInteger(id) && id >= 0 && id < MAX_ID)) {
      throw new Error(`its token ${JSON.stringify(token)} has the id ${id}`);
    }
    this.ids.set(token, id);
    this.tokens[id] = token;
  }

  addMergeText(merge: string): void {
    // From 1, because a token may itself be a space.
    const space = merge.indexOf(" ", 1);
    if (space < 0) throw new NotCovered(`the merge ${JSON.stringify(merge)}`);
    this.addMerge(merge.slice(0, space), merge.slice(space + 1));
  }

  /** @throws NotCovered for a merge of what is no token, or into none */
  addMerge(left: string, right: string): void {
    // Nearly always a merge makes the same token as the one before, or the next one: comparing is faster than looking up.
    if (!this.#makesGuess(left, right)) this.#guess += 1;
    if (!this.#makesGuess(left, right)) this.#guess = this.#idOf(left + right);
    this.#merges.push(this.#idOf(left));
    this.#merges.push(this.#idOf(right));
    this.#merges.push(this.#guess);
  }

  /** Left, right and merged token of each merge, in the order of their ranks. */
  merges(): Int32Array {
    return this.#merges.toArray();
  }

  #makesGuess(left: string, right: string): boolean {
    const token = this.tokens[this.#guess];
    return token?.length === left.length + right.length && token.startsWith(left) && token.endsWith(right);
  }

  #idOf(token: string): number {
    const id = this.ids.get(token);
    if (id === undefined) throw new NotCovered(`a merge with ${JSON.stringify(token)}, which is no token`);
    return id;
  }
}
