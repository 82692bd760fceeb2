// Models that take a word as a string and put ids into a list, as models of words.
import type { IdList } from "./id-list.js";
import type { TokenModel } from "./model.js";

/** A model whose words are short, or whose time is not. */
export interface ListModel {
  /** Appends the text's ids. */
  encode(text: string, ids: number[]): void;
  /** {@link ListModel.encode} of a text that may be long, which yields where it may be interrupted. */
  slices?(text: string, ids: number[]): Generator<void>;
}

/** A shorter text takes a millisecond or two at most. */
export const CHARS_A_SLICE = 8192;

export class ListedWords implements TokenModel {
  readonly maxLength = CHARS_A_SLICE;
  readonly #model: ListModel;

  constructor(model: ListModel) {
    this.#model = model;
  }

  encode(text: string, start: number, end: number): Int32Array {
    const ids: number[] = [];
    this.#model.encode(text.slice(start, end), ids);
    return Int32Array.from(ids);
  }

  *slices(text: string, start: number, end: number, out: IdList): Generator<void> {
    const ids: number[] = [];
    const word = text.slice(start, end);
    if (this.#model.slices) yield* this.#model.slices(word, ids);
    else this.#model.encode(word, ids);
    out.pushAll(Int32Array.from(ids));
  }
}
