// The BPE model of tokenizer.json: a word becomes ids by merging (tokenizers' models/bpe). `dropout` is for training and has no effect.
import type { IdList } from "../pipeline/id-list.js";
import type { ModelParts, TokenModel } from "../pipeline/model.js";
import { BpeVocabulary, type MergeConfig } from "./bpe-vocabulary.js";
import { ByteSymbols } from "./byte-symbols.js";
import { CharacterSymbols } from "./character-symbols.js";
import { MergeHeap } from "./merge-heap.js";
import { MergeTable } from "./merge-table.js";
import { mergeWord, SHORT_WORD } from "./merge-word.js";
import { SafeCuts } from "./safe-cuts.js";
import { SCANNED } from "./scan-model.js";
import { type Symbols, UnknownToken } from "./symbols.js";

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

/** Whether the model takes a text for its bytes as they are; else they are characters that may have more around them, or be spelt as bytes again. */
export function takesBytes(config: BpeConfig): boolean {
  return !(config.continuing_subword_prefix || config.end_of_word_suffix || config.byte_fallback);
}

/** @throws Error that names what is damaged */
export function bpeModel(config: BpeConfig, units: "bytes" | "characters"): ModelParts {
  const vocabulary =
    config[SCANNED] ?? BpeVocabulary.of(config.vocab, config.merges, config.continuing_subword_prefix ?? "");
  const { index } = vocabulary;
  const merges = vocabulary.merges();
  const unknown = new UnknownToken(index, config.unk_token ?? null, config.fuse_unk ?? false);
  const symbols = units === "bytes" ? new ByteSymbols(index, unknown) : new CharacterSymbols(index, unknown, config);
  const model = new BpeModel(symbols, merges, config.ignore_merges ?? false);
  const isPlain = units === "characters" && !config.continuing_subword_prefix && !config.end_of_word_suffix;
  const mayCut = isPlain && symbols.isTotal && !config.ignore_merges && !index.sharesIds;
  return {
    model,
    tokens: index.tokens,
    idOf: (token) => index.get(token),
    cutter: mayCut ? safeCuts(index.tokens, merges, config) : null,
  };
}

/** @returns null where what stands for characters that the vocabulary lacks may merge: it is not spelt as they are */
function safeCuts(tokens: readonly string[], merges: Int32Array, { unk_token: unknown }: BpeConfig): SafeCuts | null {
  const cuts = new SafeCuts();
  const isFallback = (token: string) => token === unknown || BYTE_TOKEN.test(token);
  for (let i = 0; i < merges.length; i += 3) {
    const [left, right] = [tokens[merges[i]!]!, tokens[merges[i + 1]!]!];
    if (isFallback(left) || isFallback(right)) return null;
    cuts.addMerge(left, right);
  }
  return cuts;
}

class BpeModel implements TokenModel {
  readonly maxLength = MAX_WORD_LENGTH;
  readonly #symbols: Symbols;
  readonly #merges: MergeTable;
  readonly #takesWholeWords: boolean;
  readonly #scratch: Int32Array;

  constructor(symbols: Symbols, merges: Int32Array, takesWholeWords: boolean) {
    this.#symbols = symbols;
    this.#merges = new MergeTable(merges);
    this.#takesWholeWords = takesWholeWords;
    this.#scratch = new Int32Array(MAX_WORD_LENGTH * symbols.maxPerUnit);
  }

  encode(text: string, start: number, end: number): Int32Array {
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

  *slices(text: string, start: number, end: number, out: IdList): Generator<void> {
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

  /** @returns -1 where it is no token, or one is made by merging only */
  #wholeWord(text: string, start: number, end: number): number {
    return this.#takesWholeWords ? this.#symbols.find(text, start, end) : -1;
  }
}
