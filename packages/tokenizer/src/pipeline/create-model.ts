// The `model` of tokenizer.json, by its kind.
import { type PieceModelConfig, pieceModel } from "../sentencepiece/piece-model.js";
import { byteTokens, type TokenModel, WordCache } from "./model.js";
import { Unigram } from "./unigram.js";
import { WordPiece } from "./word-piece.js";

/** Fields of a `model`; which ones, its type says. */
export interface ModelConfig {
  readonly type?: string;
  readonly vocab: unknown;
  readonly unk_token?: string | null;
  readonly byte_fallback?: boolean;
  readonly continuing_subword_prefix?: string | null;
  readonly unk_id?: number | null;
  readonly max_input_chars_per_word?: number;
}

/** A model and what its ids stand for. */
export interface ModelParts {
  readonly model: TokenModel;
  readonly vocab: ReadonlyMap<string, number>;
}

/** Kinds whose vocabulary is an object of ids. */
const MAPPED = new Set(["WordPiece", "WordLevel", "SentencePiece"]);

/** @throws Error that names the field */
export function createModel(config: ModelConfig): ModelParts {
  const kind = kindOf(config);
  if (kind === "Unigram") return unigram(config);
  if (!MAPPED.has(kind)) throw new Error(`its model's type ${JSON.stringify(kind)} is unknown`);
  const vocab = tokenIds(config.vocab);
  switch (kind) {
    case "WordPiece":
      return { vocab, model: new WordCache(wordPiece(config, vocab)) };
    case "WordLevel":
      return { vocab, model: wordLevel(config, vocab) };
    default:
      return { vocab, model: pieceModel(config as unknown as PieceModelConfig) };
  }
}

/** The model's type, which old files do not say. */
export function kindOf(config: ModelConfig): string {
  if (config.type != null) return String(config.type);
  if (Array.isArray(config.vocab)) return "Unigram";
  if ("merges" in config) return "BPE";
  return "max_input_chars_per_word" in config ? "WordPiece" : "WordLevel";
}

function tokenIds(vocab: unknown): ReadonlyMap<string, number> {
  if (typeof vocab !== "object" || vocab === null || Array.isArray(vocab))
    throw new Error("its model's vocab is no object");
  const ids = new Map(Object.entries(vocab as Record<string, number>));
  for (const [token, id] of ids) {
    if (!Number.isInteger(id) || id < 0 || id > 0xff_ffff)
      throw new Error(`its token ${JSON.stringify(token)} has the id ${id}`);
  }
  return ids;
}

function unigram(config: ModelConfig): ModelParts {
  const entries = config.vocab as readonly (readonly [string, number])[];
  const fits =
    Array.isArray(entries) && entries.every(([text, score]) => typeof text === "string" && Number.isFinite(score));
  if (!fits) throw new Error("its model's vocab is no list of pieces and scores");
  const unkId = config.unk_id ?? undefined;
  if (unkId !== undefined && !(unkId >= 0 && unkId < entries.length)) {
    throw new Error(`its model's unk_id is ${unkId}, there are ${entries.length} pieces`);
  }
  const vocab = new Map(entries.map(([text], id) => [text, id]));
  const lowest = entries.reduce((least, [, score]) => Math.min(least, score), Number.MAX_VALUE);
  const model = new Unigram({
    pieces: entries.flatMap(([text], id) => (text === "" ? [] : [[text, id] as const])),
    scoreOf: (id) => entries[id]![1],
    unkId,
    unkScore: lowest - 10,
    float32: false,
    bytes: config.byte_fallback ? byteTokens((token) => vocab.get(token)) : null,
  });
  return { vocab, model: new WordCache(model) };
}

function wordPiece(config: ModelConfig, vocab: ReadonlyMap<string, number>): TokenModel {
  const { continuing_subword_prefix: prefix, max_input_chars_per_word: maxCharsPerWord = 100 } = config;
  return new WordPiece({ vocab, unkId: unknownId(config, vocab), prefix: prefix ?? "##", maxCharsPerWord });
}

function wordLevel(config: ModelConfig, vocab: ReadonlyMap<string, number>): TokenModel {
  const unkId = unknownId(config, vocab);
  return { encode: (text, ids) => void ids.push(vocab.get(text) ?? unkId) };
}

function unknownId({ unk_token: token }: ModelConfig, vocab: ReadonlyMap<string, number>): number {
  const id = vocab.get(token ?? "");
  if (id === undefined) throw new Error(`its model's unk_token ${JSON.stringify(token)} is not in its vocab`);
  return id;
}
