// `tokenizer.ggml.model` "llama": SentencePiece's BPE. The file has a score for each token and no merges: of all neighbours the pair
// is merged whose token has the best score. Written out as merges it is the BPE of tokenizer.json, as transformers converts it.
// "gemma4": the same with the merges of tokenizer.json in the file, and scores that say nothing.
import { readMerges } from "./byte-level-model.js";
import { type GgufVocabulary, TokenKind } from "./gguf-vocabulary.js";
import type { TokenizerParts } from "./tokenizer-parts.js";

/** Stands for a space in pieces. */
export const SPACE = "\u2581";

/** Longer tokens are not put together from others: trying all their cuts takes quadratic time, and no real one is nearly as long. */
const MAX_MERGED_CHARS = 256;

/** @throws CHECKPOINT without scores; UNSUPPORTED for a normalizer that Octavo lacks */
export const pieceModel = (vocabulary: GgufVocabulary): TokenizerParts =>
  pieceParts(vocabulary, mergesOf(vocabulary), true);

/** @throws CHECKPOINT without merges; UNSUPPORTED for a normalizer that Octavo lacks */
export const mergedPieceModel = (vocabulary: GgufVocabulary): TokenizerParts =>
  pieceParts(vocabulary, readMerges(vocabulary), false);

/** @param addsSpaceUsually whether a space is put in front of the text where the file does not say */
function pieceParts(vocabulary: GgufVocabulary, merges: [string, string][], addsSpaceUsually: boolean): TokenizerParts {
  const squeeze = "tokenizer.ggml.remove_extra_whitespaces";
  if (vocabulary.boolean(squeeze, false)) vocabulary.unsupported(squeeze, ["false"]);
  const addsSpace = vocabulary.boolean("tokenizer.ggml.add_space_prefix", addsSpaceUsually);
  const replace = { type: "Replace", pattern: { String: " " }, content: SPACE };
  return {
    normalizer: addsSpace ? { type: "Sequence", normalizers: [{ type: "Prepend", prepend: SPACE }, replace] } : replace,
    pre_tokenizer: null,
    decoder: pieceDecoder(addsSpace),
    model: {
      type: "BPE",
      merges,
      byte_fallback: true,
      fuse_unk: true,
      unk_token: vocabulary.token("tokenizer.ggml.unknown_token_id"),
    },
    addsBos: true,
  };
}

/** @param addsSpace whether a space was put in front of the text */
export function pieceDecoder(addsSpace: boolean): TokenizerParts["decoder"] {
  const decoders: object[] = [
    { type: "Replace", pattern: { String: SPACE }, content: " " },
    { type: "ByteFallback" },
    { type: "Fuse" },
  ];
  if (addsSpace) decoders.push({ type: "Strip", content: " ", start: 1, stop: 0 });
  return { type: "Sequence", decoders };
}

/** Every way to put a token together from two others, best token first; of equal ones the one with the first token first. */
function mergesOf(vocabulary: GgufVocabulary): [string, string][] {
  const { tokens, kinds } = vocabulary;
  const key = "tokenizer.ggml.scores";
  const scores = vocabulary.numbers(key, tokens.length) ?? vocabulary.fail(key, `a list of ${tokens.length} numbers`);
  const ids = new Map<string, number>();
  for (const [id, token] of tokens.entries()) {
    const kind = kinds[id];
    if (kind === TokenKind.normal || kind === TokenKind.userDefined || kind === TokenKind.unused) ids.set(token, id);
  }
  const merges: { pair: [string, string]; score: number; first: number }[] = [];
  for (const [token, id] of ids) {
    if (token.length > MAX_MERGED_CHARS) continue;
    // Steps over whole characters, so that none is cut in two.
    for (let at = charLength(token, 0); at < token.length; at += charLength(token, at)) {
      const first = ids.get(token.slice(0, at));
      if (first === undefined || !ids.has(token.slice(at))) continue;
      merges.push({ pair: [token.slice(0, at), token.slice(at)], score: scores[id]!, first });
    }
  }
  return merges.sort((a, b) => b.score - a.score || a.first - b.first).map(({ pair }) => pair);
}

function charLength(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}
