// The unigram model: of all ways to put a text together from pieces the one with the best sum of scores (Viterbi). As
// tokenizers' unigram/model.rs and SentencePiece's unigram_model.cc (EncodeOptimized), which differ in precision only.
import { OctavoError } from "@octavo/core";
import { CharTrie } from "./char-trie.js";
import { CHARS_A_SLICE, type ListModel } from "./list-model.js";

/** What {@link Unigram} needs to know of a vocabulary. */
export interface UnigramOptions {
  /** Text and id of each piece that may stand in a text. */
  readonly pieces: Iterable<readonly [string, number]>;
  /** Of a piece with so many bytes. */
  readonly scoreOf: (id: number, bytes: number) => number;
  /** A character without a piece; undefined: the vocabulary has no such token, encoding throws. */
  readonly unkId: number | undefined;
  readonly unkScore: number;
  /** Sums are rounded to float32, as in SentencePiece. */
  readonly float32: boolean;
  /** Of `<0x00>` to `<0xFF>`, for what has no piece; -1 for one that is missing. Null: `unkId` once for each run. */
  readonly bytes: Int32Array | null;
}

export class Unigram implements ListModel {
  readonly #options: UnigramOptions;
  readonly #trie: CharTrie;

  constructor(options: UnigramOptions) {
    this.#options = options;
    this.#trie = new CharTrie(options.pieces);
  }

  encode(text: string, ids: number[]): void {
    for (const _ of this.slices(text, ids));
  }

  *slices(text: string, ids: number[]): Generator<void> {
    const size = text.length;
    const { scoreOf, unkId = -1, unkScore, float32 } = this.#options;
    const best = float32 ? new Float32Array(size + 1) : new Float64Array(size + 1);
    const starts = new Int32Array(size + 1).fill(-1);
    const pieces = new Int32Array(size + 1);
    const offer = (from: number, to: number, id: number, score: number): void => {
      const sum = score + best[from]!;
      if (starts[to] !== -1 && sum <= best[to]!) return;
      best[to] = sum;
      starts[to] = from;
      pieces[to] = id;
    };
    for (let from = 0; from < size; ) {
      const width = widthAt(text, from);
      let hasSingle = false;
      let bytes = 0;
      let node = CharTrie.root;
      for (let to = from; to < size; ) {
        const step = widthAt(text, to);
        for (let i = 0; i < step && node >= 0; i++) node = this.#trie.step(node, text.charCodeAt(to + i));
        if (node < 0) break;
        bytes += bytesOf(text.charCodeAt(to), step);
        to += step;
        const id = this.#trie.valueAt(node);
        if (id < 0) continue;
        offer(from, to, id, scoreOf(id, bytes));
        hasSingle ||= to === from + width;
      }
      if (!hasSingle) offer(from, from + width, unkId, unkScore);
      from += width;
      if (from % CHARS_A_SLICE < width && from < size) yield;
    }
    this.#collect(text, starts, pieces, ids);
  }

  #collect(text: string, starts: Int32Array, pieces: Int32Array, ids: number[]): void {
    const { unkId = -1 } = this.#options;
    const ends: number[] = [];
    for (let end = text.length; end > 0; end = starts[end]!) ends.push(end);
    let unknownFrom = -1;
    for (const end of ends.reverse()) {
      const start = starts[end]!;
      const id = pieces[end]!;
      if (id === unkId) {
        if (unknownFrom < 0) unknownFrom = start;
        continue;
      }
      if (unknownFrom >= 0) this.#pushUnknown(text.slice(unknownFrom, start), ids);
      unknownFrom = -1;
      ids.push(id);
    }
    if (unknownFrom >= 0) this.#pushUnknown(text.slice(unknownFrom), ids);
  }

  /** Characters without a piece that follow each other are one token, or their bytes. */
  #pushUnknown(run: string, ids: number[]): void {
    const { unkId, bytes } = this.#options;
    if (unkId === undefined) throw unknownCharacter(run);
    // The text of the unknown token itself is that token.
    const node = this.#trie.find(run);
    const found = node < 0 ? -1 : this.#trie.valueAt(node);
    const spelt = found < 0 && bytes !== null ? Array.from(Buffer.from(run, "utf8"), (byte) => bytes[byte]!) : [];
    if (spelt.length > 0 && !spelt.includes(-1)) for (const id of spelt) ids.push(id);
    else ids.push(found < 0 ? unkId : found);
  }
}

function unknownCharacter(text: string): OctavoError {
  const message = `the tokenizer has no unk_id, and no piece for ${JSON.stringify(text)}`;
  return new OctavoError({ code: "CHECKPOINT", param: "tokenizer.json", message });
}

/** UTF-16 units of the character. */
function widthAt(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}

/** UTF-8 bytes of a character by its first UTF-16 unit. */
function bytesOf(unit: number, width: number): number {
  if (width === 2) return 4;
  return unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3;
}
