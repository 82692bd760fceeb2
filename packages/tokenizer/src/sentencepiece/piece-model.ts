// A SentencePiece model's own way to put text together from pieces, as its C++ library does it.
import type { Merges } from "../bpe/merge-heap.js";
import { AddedTokenSplitter } from "../pipeline/added-token-splitter.js";
import type { ListModel } from "../pipeline/list-model.js";
import { byteTokens } from "../pipeline/model.js";
import { Unigram } from "../pipeline/unigram.js";
import { type Piece, PieceKind } from "./model-file.js";
import { PieceBpe, UNKNOWN_SYMBOL } from "./piece-bpe.js";
import { RememberedWords } from "./remembered-words.js";
import { cutsAtSpaces, SpaceCut } from "./space-cut.js";

/** The `model` of a tokenizer that was read from a SentencePiece file. */
export interface PieceModelConfig {
  readonly type: "SentencePiece";
  readonly algorithm: "unigram" | "bpe";
  /** By id. */
  readonly pieces: readonly Piece[];
  readonly unk_id: number;
  readonly byte_fallback: boolean;
}

/** What is taken from the worst piece's score for a character without a piece (kUnkPenalty). */
const UNKNOWN_PENALTY = 10;

/** Pairs of which it is remembered whether they merge, 2 to this; a new one takes the place of another. */
const PAIR_BITS = 18;

export function pieceModel(config: PieceModelConfig): ListModel {
  return config.algorithm === "bpe" ? bpeModel(config) : unigramModel(config);
}

function isUsable({ kind }: Piece): boolean {
  return kind === PieceKind.normal || kind === PieceKind.userDefined;
}

function bytesOf({ pieces, byte_fallback: falls }: PieceModelConfig): Int32Array | null {
  if (!falls) return null;
  const ids = new Map(pieces.flatMap(({ text, kind }, id) => (kind === PieceKind.byte ? [[text, id] as const] : [])));
  const bytes = byteTokens((token) => ids.get(token));
  return bytes.includes(-1) ? null : bytes;
}

function unigramModel(config: PieceModelConfig): ListModel {
  const { pieces, unk_id: unkId } = config;
  const normal = pieces.flatMap(({ kind, score }) => (kind === PieceKind.normal ? [score] : []));
  const lowest = normal.reduce((a, b) => Math.min(a, b), Number.MAX_VALUE);
  const highest = normal.reduce((a, b) => Math.max(a, b), -Number.MAX_VALUE);
  return new Unigram({
    pieces: pieces.flatMap((piece, id) => (isUsable(piece) ? [[piece.text, id] as const] : [])),
    scoreOf: (id, bytes) => {
      const { kind, score } = pieces[id]!;
      return kind === PieceKind.userDefined ? bytes * highest - 0.1 : score;
    },
    unkId,
    unkScore: Math.fround(lowest - UNKNOWN_PENALTY),
    float32: true,
    bytes: bytesOf(config),
  });
}

function bpeModel(config: PieceModelConfig): ListModel {
  const { pieces, unk_id: unkId } = config;
  const ids = new Map<string, number>();
  for (const [id, piece] of pieces.entries()) {
    if (isUsable(piece) || piece.kind === PieceKind.unused) ids.set(piece.text, id);
  }
  const merges = new ScoredMerges(pieces, ids);
  const model = new PieceBpe({
    symbolOf: (char) => ids.get(char),
    merges,
    unkId,
    bytes: bytesOf(config),
    unmerge: (id) => merges.partsOf(id),
  });
  const cached = new RememberedWords(model);
  const words = cutsAtSpaces(ids) ? new SpaceCut(cached) : cached;
  const fixed = pieces.flatMap(({ text, kind }, id) => (kind === PieceKind.userDefined ? [{ id, content: text }] : []));
  return fixed.length === 0 ? words : around(new AddedTokenSplitter(fixed), words);
}

/** User-defined pieces are found first and merge with nothing. */
function around(splitter: AddedTokenSplitter, model: ListModel): ListModel {
  function* slices(text: string, ids: number[]): Generator<void> {
    for (const { start, end, id } of splitter.sections(text)) {
      if (id >= 0) ids.push(id);
      else if (model.slices) yield* model.slices(text.slice(start, end), ids);
      else model.encode(text.slice(start, end), ids);
    }
  }
  return {
    slices,
    encode: (text, ids) => {
      for (const _ of slices(text, ids));
    },
  };
}

/** Two symbols merge where their texts together are a piece; the best score first. A merge is known by that piece. */
class ScoredMerges implements Merges {
  readonly #pieces: readonly Piece[];
  readonly #ids: ReadonlyMap<string, number>;
  /** By a pair's hash: the pair, and its piece or -1. A Map of numbers of this size takes most of the time. */
  readonly #lefts = new Int32Array(2 ** PAIR_BITS).fill(-1);
  readonly #rights = new Int32Array(2 ** PAIR_BITS);
  readonly #merged = new Int32Array(2 ** PAIR_BITS);
  readonly #parts = new Map<number, readonly [number, number]>();
  /** By piece; pieces of one score share one. */
  readonly #ranks: Int32Array;

  constructor(pieces: readonly Piece[], ids: ReadonlyMap<string, number>) {
    this.#pieces = pieces;
    this.#ids = ids;
    const scores = [...new Set(pieces.map(({ score }) => score))].sort((a, b) => b - a);
    const ranks = new Map(scores.map((score, rank) => [score, rank]));
    this.#ranks = Int32Array.from(pieces, ({ score }) => ranks.get(score)!);
  }

  find(leftId: number, rightId: number): number {
    const slot = (Math.imul(leftId, 0x9e3779b1) ^ Math.imul(rightId, 0x85ebca6b)) >>> (32 - PAIR_BITS);
    if (this.#lefts[slot] !== leftId || this.#rights[slot] !== rightId) {
      this.#lefts[slot] = leftId;
      this.#rights[slot] = rightId;
      this.#merged[slot] = this.#ids.get(this.#textOf(leftId) + this.#textOf(rightId)) ?? -1;
    }
    const merged = this.#merged[slot]!;
    if (merged >= 0 && this.#pieces[merged]!.kind === PieceKind.unused) this.#parts.set(merged, [leftId, rightId]);
    return merged;
  }

  rankOf(piece: number): number {
    return this.#ranks[piece]!;
  }

  merged(piece: number): number {
    return piece;
  }

  /** Of a piece that only serves to make longer ones. */
  partsOf(id: number): readonly [number, number] | null {
    return this.#parts.get(id) ?? null;
  }

  #textOf(symbol: number): string {
    return symbol < UNKNOWN_SYMBOL ? this.#pieces[symbol]!.text : String.fromCodePoint(symbol - UNKNOWN_SYMBOL);
  }
}
