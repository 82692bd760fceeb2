// In most vocabularies no token goes on behind a letter with a space mark. Then no merge crosses that place, a text can be cut
// there, and words be remembered: the same ids, much sooner.
import { CHARS_A_SLICE, type ListModel } from "../pipeline/list-model.js";

const MARK = "\u2581";
const MARKED = /^\u2581*[^\u2581]*$/;

/** @param tokens all that merges make, and what they begin with */
export function cutsAtSpaces(tokens: ReadonlyMap<string, number>): boolean {
  // Where the mark itself is unknown, a run of unknown characters crosses the place.
  if (!tokens.has(MARK)) return false;
  for (const token of tokens.keys()) if (!MARKED.test(token)) return false;
  return true;
}

export class SpaceCut implements ListModel {
  readonly #words: ListModel;

  constructor(words: ListModel) {
    this.#words = words;
  }

  encode(text: string, ids: number[]): void {
    for (const _ of this.slices(text, ids));
  }

  *slices(text: string, ids: number[]): Generator<void> {
    let slice = 0;
    for (let from = 0; from < text.length; ) {
      let letter = from;
      while (text[letter] === MARK) letter += 1;
      const next = text.indexOf(MARK, letter);
      const end = next < 0 ? text.length : next;
      this.#words.encode(text.slice(from, end), ids);
      from = end;
      if (from - slice < CHARS_A_SLICE) continue;
      slice = from;
      yield;
    }
  }
}
