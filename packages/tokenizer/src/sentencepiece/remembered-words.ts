// The words of a text that is one piece to the cache of words: SentencePiece cuts nothing beforehand.
import type { ListModel } from "../pipeline/list-model.js";

/** Remembers the ids of words; a bound in words keeps a client's text from filling the memory. */
export class RememberedWords implements ListModel {
  static readonly maxWords = 50_000;
  static readonly maxChars = 64;
  readonly #model: ListModel;
  readonly #known = new Map<string, readonly number[]>();

  constructor(model: ListModel) {
    this.#model = model;
  }

  *slices(text: string, ids: number[]): Generator<void> {
    if (this.#model.slices) yield* this.#model.slices(text, ids);
    else this.#model.encode(text, ids);
  }

  encode(text: string, ids: number[]): void {
    if (text.length > RememberedWords.maxChars) {
      this.#model.encode(text, ids);
      return;
    }
    let found = this.#known.get(text);
    if (found === undefined) {
      const fresh: number[] = [];
      this.#model.encode(text, fresh);
      found = fresh;
      if (this.#known.size >= RememberedWords.maxWords) this.#known.clear();
      this.#known.set(text, found);
    }
    for (const id of found) ids.push(id);
  }
}
