// Tokens and merges of a BPE model, with the merges as ids.

import { NotCovered } from "../not-covered.js";
import { IdList } from "./id-list.js";
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
  /** The token that the next merge probably makes. */
  #guess = 0;

  /** @throws NotCovered, Error for what is no vocabulary */
  static of(vocab: Readonly<Record<string, number>>, merges: readonly MergeConfig[]): BpeVocabulary {
    const vocabulary = new BpeVocabulary();
    for (const [token, id] of Object.entries(vocab)) vocabulary.addToken(token, id);
    for (const merge of merges) {
      if (typeof merge === "string") vocabulary.addMergeText(merge);
      else vocabulary.addMerge(whole(merge[0]), whole(merge[1]));
    }
    return vocabulary;
  }

  /** @throws Error for what is no id, NotCovered for two tokens with one id, or the other way round */
  addToken(token: string, id: number): void {
    if (!(Number.isInteger(id) && id >= 0 && id < MAX_ID)) {
      throw new Error(`its token ${JSON.stringify(token)} has the id ${id}`);
    }
    if (!this.index.add(token, id)) throw new NotCovered(`the token ${JSON.stringify(token)} or its id twice`);
  }

  addMergeText(merge: string): void {
    // From 1, because a token may itself be a space.
    const space = merge.indexOf(" ", 1);
    if (space < 0) throw new NotCovered(`the merge ${JSON.stringify(merge)}`);
    this.addMerge({ text: merge, start: 0, end: space }, { text: merge, start: space + 1, end: merge.length });
  }

  /** @throws NotCovered for a merge of what is no token, or into none */
  addMerge(left: TextPart, right: TextPart): void {
    // Nearly always a merge makes the same token as the one before, or the next one: comparing is faster than looking up.
    if (!this.#makesGuess(left, right)) this.#guess += 1;
    if (!this.#makesGuess(left, right)) this.#guess = this.#idOf(whole(textOf(left) + textOf(right)));
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
    if (token?.length !== middle + right.end - right.start) return false;
    for (let i = 0; i < middle; i++) if (token.charCodeAt(i) !== left.text.charCodeAt(left.start + i)) return false;
    for (let i = middle; i < token.length; i++) {
      if (token.charCodeAt(i) !== right.text.charCodeAt(right.start + i - middle)) return false;
    }
    return true;
  }

  #idOf({ text, start, end }: TextPart): number {
    const id = this.index.find(text, start, end);
    if (id < 0) throw new NotCovered(`a merge with ${JSON.stringify(text.slice(start, end))}, which is no token`);
    return id;
  }
}

function whole(text: string): TextPart {
  return { text, start: 0, end: text.length };
}

function textOf({ text, start, end }: TextPart): string {
  return text.slice(start, end);
}
