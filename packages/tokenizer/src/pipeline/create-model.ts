// The `model` of tokenizer.json, by its kind.
import { type BpeConfig, bpeModel, takesBytes as bpeTakesBytes } from "../bpe/bpe-model.js";
import { SCANNED } from "../bpe/scan-model.js";
import { withoutId } from "../missing-token.js";
import { type PieceModelConfig, pieceModel } from "../sentencepiece/piece-model.js";
import { ListedWords, type ListModel } from "./list-model.js";
import { byteTokens, type ModelParts } from "./model.js";
import { Unigram } from "./unigram.js";
import { WordPiece } from "./word-piece.js";

/** Fields of a `model`; which ones, its type says. */
export interface ModelConfig {
  readonly type?: string;
  readonly vocab: unknown;
  readonly merges?: unknown;
  readonly unk_token?: string | null;
  readonly byte_fallback?: boolean;
  readonly continuing_subword_prefix?: string | null;
  readonly unk_id?: number | null;
  readonly max_input_chars_per_word?: number;
}

const MAKERS: ReadonlyMap<string, (config: ModelConfig) => ModelParts> = new Map([
  ["Unigram", unigram],
  ["WordPiece", wordPiece],
  ["WordLevel", wordLevel],
  ["SentencePiece", sentencePiece],
]);

/** Whether the model takes a text for the bytes of its UTF-8, which other models must be spelt. */
export function takesBytes(config: ModelConfig): boolean {
  return kindOf(config) === "BPE" && bpeTakesBytes(config as BpeConfig);
}

/** @param units what texts stand for @throws Error that names the field */
export function createModel(config: ModelConfig, units: "bytes" | "characters"): ModelParts {
  const kind = kindOf(config);
  if (kind === "BPE") return bpeModel(config as BpeConfig, units);
  const make = MAKERS.get(kind);
  if (!make) throw new Error(`its model's type ${JSON.stringify(kind)} is unknown`);
  return make(config);
}

/** The model's type, which old files do not say. */
function kindOf(config: ModelConfig): string {
  if (SCANNED in config) return "BPE";
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

function parts(model: ListModel, ids: ReadonlyMap<string, number>, tokens = tokensOf(ids)): ModelParts {
  return { model: new ListedWords(model), tokens, idOf: (token) => ids.get(token) };
}

function tokensOf(ids: ReadonlyMap<string, number>): string[] {
  const tokens = new Array<string>(ids.size);
  for (const [token, id] of ids) tokens[id] = token;
  return tokens;
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
  const tokens = entries.map(([text]) => text);
  return parts(model, vocab, tokens);
}

function wordPiece(config: ModelConfig): ModelParts {
  const vocab = tokenIds(config.vocab);
  const { continuing_subword_prefix: prefix, max_input_chars_per_word: maxCharsPerWord = 100 } = config;
  return parts(
    new WordPiece({ vocab, unknown: unknownOf(config, vocab), prefix: prefix ?? "##", maxCharsPerWord }),
    vocab,
  );
}

function wordLevel(config: ModelConfig): ModelParts {
  const vocab = tokenIds(config.vocab);
  const unknown = unknownOf(config, vocab);
  return parts({ encode: (text, ids) => void ids.push(vocab.get(text) ?? unknown()) }, vocab);
}

function sentencePiece(config: ModelConfig): ModelParts {
  return parts(pieceModel(config as unknown as PieceModelConfig), tokenIds(config.vocab));
}

/** @returns what gives the unknown token's id, or throws where the vocabulary lacks it: many never need it */
function unknownOf({ unk_token: token }: ModelConfig, vocab: ReadonlyMap<string, number>): () => number {
  return () => {
    const id = vocab.get(token ?? "");
    if (id === undefined) throw withoutId(token ?? "");
    return id;
  };
}
