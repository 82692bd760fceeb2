// What turns a piece of text into ids, whatever the kind of vocabulary.

/** The vocabulary and its algorithm (`model` in tokenizer.json). */
export interface TokenModel {
  /** Appends the text's ids. */
  encode(text: string, ids: number[]): void;
  /** {@link TokenModel.encode} of a text that may be long, which yields where it may be interrupted. */
  slices?(text: string, ids: number[]): Generator<void>;
}

/** A shorter text takes a millisecond or two at most. */
export const CHARS_A_SLICE = 8192;

/** The ids of the byte tokens `<0x00>` to `<0xFF>`; null: one is missing, or they are not to be used. */
export function byteTokens(idOf: (token: string) => number | undefined): Int32Array | null {
  const ids = new Int32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    const id = idOf(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);
    if (id === undefined) return null;
    ids[byte] = id;
  }
  return ids;
}

/** Remembers the ids of words; a bound in words keeps a client's text from filling the memory. */
export class WordCache implements TokenModel {
  static readonly maxWords = 50_000;
  static readonly maxChars = 64;
  readonly #model: TokenModel;
  readonly #known = new Map<string, readonly number[]>();

  constructor(model: TokenModel) {
    this.#model = model;
  }

  *slices(text: string, ids: number[]): Generator<void> {
    if (this.#model.slices) yield* this.#model.slices(text, ids);
    else this.#model.encode(text, ids);
  }

  encode(text: string, ids: number[]): void {
    if (text.length > WordCache.maxChars) {
      this.#model.encode(text, ids);
      return;
    }
    let found = this.#known.get(text);
    if (found === undefined) {
      const fresh: number[] = [];
      this.#model.encode(text, fresh);
      found = fresh;
      if (this.#known.size >= WordCache.maxWords) this.#known.clear();
      this.#known.set(text, found);
    }
    for (const id of found) ids.push(id);
  }
}
