// Words to ids: those that were seen before from a cache, others by the model.

import type { PieceCursor } from "../cutting/piece-cursor.js";
import type { IdList } from "./id-list.js";
import type { TokenModel } from "./model.js";
import { WordCache } from "./word-cache.js";

export class WordEncoder {
  readonly #model: TokenModel;
  readonly #cache = new WordCache();

  constructor(model: TokenModel) {
    this.#model = model;
  }

  /** Encodes pieces of a text. @returns whether all are done; if not, the cursor stands before one for {@link WordEncoder.encodeLongWord} */
  encodeWords(pieces: PieceCursor, out: IdList): boolean {
    while (!this.#cache.take(pieces, out)) if (!this.#encodeNew(pieces, out)) return false;
    return true;
  }

  /** The piece that the cursor stands before, of any length; yields now and then. */
  *encodeLongWord(pieces: PieceCursor, out: IdList): Generator<void, void> {
    const { text, start, taken } = pieces;
    pieces.skip();
    yield* this.#model.slices(text, start, pieces.ends[taken]!, out);
  }

  /** The piece that the cursor stands before: its tokens are put into the cache, to be taken from there, or into `out`. @returns whether it was short enough */
  #encodeNew(pieces: PieceCursor, out: IdList): boolean {
    const { text, start, taken } = pieces;
    const end = pieces.ends[taken]!;
    if (end - start > this.#model.maxLength) return false;
    if (this.#cache.revive(text, start, end)) return true;
    const tokens = this.#model.encode(text, start, end);
    if (this.#cache.add(text, start, end, tokens)) return true;
    out.pushAll(tokens);
    pieces.skip();
    return true;
  }
}
