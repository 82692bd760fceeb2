// Tokens and merges of a BPE model, with the merges as ids.

import { IdList } from "../pipeline/id-list.js";
import { TokenIndex } from "./token-index.js";

/** A text in old files: two tokens with a space between. */
export type MergeConfig = string | readonly [string, string];

/** A part of a text. */
export interface TextPart {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** Far above the ids of real models, and below what takes much memory. */
const MAX_ID = 2 ** 24;

/** Filled token by token, then merge by merge. */
export class BpeVocabulary {
  readonly index = new TokenIndex();
  readonly #merges = new IdList();
  /** UTF-16 units that a merge's second token loses. */
  readonly #prefix: number;
  /** The token that the next merge probably makes. */
  #guess = 0;

  /** @param prefix begins the tokens that continue a word */
  constructor(prefix = "") {
    this.#prefix = prefix.length;
  }

  /** @throws Error for what is no vocabulary */
  static of(vocab: Readonly<Record<string, number>>, merges: readonly MergeConfig[], prefix: string): BpeVocabulary {
    const vocabulary = new BpeVocabulary(prefix);
    for (const [token, id] of Object.entries(vocab)) vocabulary.addToken(token, id);
    for (const merge of merges) {
      if (typeof merge === "string") vocabulary.addMergeText(merge);
      else vocabulary.addMerge(whole(merge[0]), whole(merge[1]));
    }
    return vocabulary;
  }

  /** @throws Error for what is no id, or a token that is there */
  addToken(token: string, id: number): void {
    if (!(Number.isInteger(id) && id >= 0 && id < MAX_ID)) {
      throw new Error(`its token ${JSON.stringify(token)} has the id ${id}`);
    }
    if (!this.index.add(token, id)) throw new Error(`it has the token ${JSON.stringify(token)} twice`);
  }

  /** @throws Error where it is not two tokens */
  addMergeText(merge: string): void {
    // The first line of a merges.txt.
    if (merge.startsWith("#version")) return;
    // From 1, because a token may itself be a space.
    const space = merge.indexOf(" ", 1);
    if (space < 0) throw new Error(`its merge ${JSON.stringify(merge)} is not two tokens`);
    this.addMerge({ text: merge, start: 0, end: space }, { text: merge, start: space + 1, end: merge.length });
  }

  /** @throws Error for a merge of what is no token, or into none */
  addMerge(left: TextPart, right: TextPart): void {
    // Nearly always a merge makes the same token as the one before, or the next one: comparing is faster than looking up.
    if (!this.#makesGuess(left, right)) this.#guess += 1;
    if (!this.#makesGuess(left, right))
      this.#guess = this.#idOf(whole(textOf(left) + textOf(right).slice(this.#prefix)));
    this.#merges.push(this.#idOf(left));
    this.#merges.push(this.#idOf(right));
    this.#merges.push(this.#guess);
  }

  /** Left, right and merged token of each merge, in the order of their ranks. */
  merges(): Int32Array {
    return this.#merges.toArray();
  }

  #makesGuess(left: TextPart, right: TextPart): boolean {
    const token = this.index.tokens[this.#guess];
    const middle = left.end - left.start;
    const from = right.start + this.#prefix;
    if (token?.length !== middle + right.end - from) return false;
    for (let i = 0; i < middle; i++) if (token.charCodeAt(i) !== left.text.charCodeAt(left.start + i)) return false;
    for (let i = middle; i < token.length; i++) {
      if (token.charCodeAt(i) !== right.text.charCodeAt(from + i - middle)) return false;
    }
    return true;
  }

  #idOf({ text, start, end }: TextPart): number {
    const id = this.index.find(text, start, end);
    if (id < 0) throw new Error(`its merges name ${JSON.stringify(text.slice(start, end))}, which is no token`);
    return id;
  }
}

function whole(text: string): TextPart {
  return { text, start: 0, end: text.length };
}

function textOf({ text, start, end }: TextPart): string {
  return text.slice(start, end);
}
