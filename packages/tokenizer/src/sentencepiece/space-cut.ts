// In most vocabularies no token goes on behind a letter with a space mark. Then no merge crosses that place, a text can be cut
// there, and words be remembered: the same ids, much sooner.
import type { TokenModel } from "../pipeline/model.js";

const MARKED = /^\u2581*[^\u2581]*$/;
const WORDS = /\u2581*[^\u2581]+|\u2581+/g;

/** @param tokens all that merges make */
export function cutsAtSpaces(tokens: Iterable<string>): boolean {
  for (const token of tokens) if (!MARKED.test(token)) return false;
  return true;
}

export class SpaceCut implements TokenModel {
  readonly #words: TokenModel;
  readonly #fusedId: number;

  /** @param fusedId a run of these becomes one */
  constructor(words: TokenModel, fusedId: number) {
    this.#words = words;
    this.#fusedId = fusedId;
  }

  encode(text: string, ids: number[]): void {
    const start = ids.length;
    for (const [word] of text.matchAll(WORDS)) {
      const before = ids.length;
      this.#words.encode(word, ids);
      const continues = before > start && ids[before] === this.#fusedId && ids[before - 1] === this.#fusedId;
      if (continues) ids.splice(before, 1);
    }
  }
}
