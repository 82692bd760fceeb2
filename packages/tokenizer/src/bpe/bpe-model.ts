// The BPE model of tokenizer.json: words to ids, by the words seen before, or by merging.

import type { PieceCursor } from "../cutting/piece-cursor.js";
import { NotCovered } from "../not-covered.js";
import { BpeVocabulary, type MergeConfig } from "./bpe-vocabulary.js";
import type { IdList } from "./id-list.js";
import { MergeHeap } from "./merge-heap.js";
import { MergeTable } from "./merge-table.js";
import { mergeWord, SHORT_WORD } from "./merge-word.js";
import { SafeCuts } from "./safe-cuts.js";
import { SCANNED } from "./scan-model.js";
import { ByteSymbols, CharacterSymbols, type Symbols } from "./symbols.js";
import type { TokenIndex } from "./token-index.js";
import { WordCache } from "./word-cache.js";

export interface BpeConfig {
  readonly type?: string;
  readonly vocab: Readonly<Record<string, number>>;
  readonly merges: readonly MergeConfig[];
  readonly unk_token?: string | null;
  readonly continuing_subword_prefix?: string | null;
  readonly end_of_word_suffix?: string | null;
  readonly fuse_unk?: boolean;
  readonly byte_fallback?: boolean;
  readonly ignore_merges?: boolean;
  /** Both as they were read already. */
  readonly [SCANNED]?: BpeVocabulary;
}

/** UTF-16 units of a word that is merged in one go: some ten milliseconds. */
const MAX_WORD_LENGTH = 2 ** 14;
const BYTE_TOKEN = /^<0x[0-9A-F]{2}>$/;
/** Tokens or pairs between two yields in a longer word: a few milliseconds. */
const STEPS_PER_SLICE = 2 ** 13;

export class BpeModel {
  /** Without added tokens. */
  readonly index: TokenIndex;
  /** Cuts words where merging cannot see it; null: they may be merged as a whole only, or are words already. */
  readonly safeCuts: SafeCuts | null;
  readonly #symbols: Symbols;
  readonly #merges: MergeTable;
  readonly #takesWholeWords: boolean;
  readonly #cache = new WordCache();
  readonly #scratch = new Int32Array(MAX_WORD_LENGTH * 3);

  /** @throws NotCovered */
  constructor(config: BpeConfig, units: "bytes" | "characters") {
    if (config.continuing_subword_prefix) throw new NotCovered("a prefix of subwords");
    if (config.end_of_word_suffix) throw new NotCovered("a suffix of words");
    const vocabulary = config[SCANNED] ?? BpeVocabulary.of(config.vocab, config.merges);
    this.index = vocabulary.index;
    const { tokens } = this.index;
    const unknown = { id: this.index.get(config.unk_token ?? "") ?? -1, isFused: config.fuse_unk ?? false };
    const byteFallback = config.byte_fallback ?? false;
    if (byteFallback && units === "bytes") throw new NotCovered("bytes as a fallback of bytes");
    this.#symbols =
      units === "bytes"
        ? new ByteSymbols(this.index, unknown)
        : new CharacterSymbols(this.index, unknown, byteFallback);
    this.#takesWholeWords = config.ignore_merges ?? false;
    const mayCut = units === "characters" && this.#symbols.isTotal && !this.#takesWholeWords;
    const cuts = mayCut ? new SafeCuts() : null;
    const merges = vocabulary.merges();
    this.#merges = new MergeTable(merges);
    let joinsFallbacks = false;
    const isFallback = (token: string) => token === config.unk_token || BYTE_TOKEN.test(token);
    for (let i = 0; cuts !== null && i < merges.length; i += 3) {
      const left = tokens[merges[i]!]!;
      const right = tokens[merges[i + 1]!]!;
      cuts.addMerge(left, right);
      joinsFallbacks ||= isFallback(left) || isFallback(right);
    }
    // What stands for characters that the vocabulary lacks is not spelt as they are.
    this.safeCuts = joinsFallbacks ? null : cuts;
  }

  /** Encodes pieces of a text. @returns whether all are done; if not, the cursor stands before a piece that is longer than MAX_WORD_LENGTH */
  encodeWords(pieces: PieceCursor, out: IdList): boolean {
    while (!this.#cache.take(pieces, out)) if (!this.#encodeNew(pieces, out)) return false;
    return true;
  }

  /** The piece that the cursor stands before, of any length; yields now and then. */
  *encodeLongWord(pieces: PieceCursor, out: IdList): Generator<void, void> {
    const { text, start, taken } = pieces;
    const end = pieces.ends[taken]!;
    pieces.skip();
    const whole = this.#wholeWord(text, start, end);
    if (whole >= 0) {
      out.push(whole);
      return;
    }
    const ids = new Int32Array((end - start) * this.#symbols.maxPerUnit);
    const heap = new MergeHeap(this.#merges, ids.subarray(0, this.#symbols.split(text, start, end, ids)));
    while (!heap.step(STEPS_PER_SLICE)) yield;
    out.pushAll(heap.take());
  }

  /** The piece that the cursor stands before: its tokens are put into the cache, to be taken from there, or into `out`. @returns whether it was short enough */
  #encodeNew(pieces: PieceCursor, out: IdList): boolean {
    const { text, start, taken } = pieces;
    const end = pieces.ends[taken]!;
    if (end - start > MAX_WORD_LENGTH) return false;
    if (this.#cache.revive(text, start, end)) return true;
    const tokens = this.#tokensOf(text, start, end);
    if (this.#cache.add(text, start, end, tokens)) return true;
    out.pushAll(tokens);
    pieces.skip();
    return true;
  }

  /** @returns tokens of a word that is short enough, until the next call */
  #tokensOf(text: string, start: number, end: number): Int32Array {
    const ids = this.#scratch;
    const whole = this.#wholeWord(text, start, end);
    if (whole >= 0) {
      ids[0] = whole;
      return ids.subarray(0, 1);
    }
    const count = this.#symbols.split(text, start, end, ids);
    if (count > SHORT_WORD) {
      const heap = new MergeHeap(this.#merges, ids.slice(0, count));
      heap.step(Number.POSITIVE_INFINITY);
      return heap.take();
    }
    return ids.subarray(0, mergeWord(this.#merges, ids, count));
  }

  /** @returns -1 where it is no token, or one is made by merging only */
  #wholeWord(text: string, start: number, end: number): number {
    return this.#takesWholeWords ? this.#symbols.find(text, start, end) : -1;
  }
}
