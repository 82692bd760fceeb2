// What turns a piece of text into ids, whatever the kind of vocabulary.

import type { Cutter } from "../cutting/cutter.js";
import type { IdList } from "./id-list.js";

/** The vocabulary and its algorithm (`model` in tokenizer.json). */
export interface TokenModel {
  /** UTF-16 units of a text that takes a few milliseconds at most; longer ones are given to {@link TokenModel.slices}. */
  readonly maxLength: number;
  /** @returns tokens of a part of a text, which is not empty, until the next call */
  encode(text: string, start: number, end: number): Int32Array;
  /** The same of a part that may be long; yields where it may be interrupted. */
  slices(text: string, start: number, end: number, out: IdList): Generator<void>;
}

/** A model, and what its ids stand for. */
export interface ModelParts {
  readonly model: TokenModel;
  /** By id, added tokens not included; ids without a token are holes. */
  readonly tokens: readonly string[];
  idOf(token: string): number | undefined;
  /** Cuts texts further, where the model cannot see it: so there are more words to be seen again. */
  readonly cutter?: Cutter | null;
}

/** The ids of the byte tokens `<0x00>` to `<0xFF>`; -1 for one that is missing. */
export function byteTokens(idOf: (token: string) => number | undefined): Int32Array {
  return Int32Array.from({ length: 256 }, (_, byte) => {
    return idOf(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`) ?? -1;
  });
}
