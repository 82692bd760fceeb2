// A tiktoken rank file as the byte-level BPE of a tokenizer.json, as transformers converts it (TikTokenConverter).
import { CHARACTER_OF_BYTE } from "../byte-level.js";
import type { AddedTokenConfig, TokenizerConfig, TokenizerJson } from "../tokenizer-json.js";
import { tiktokenFamily } from "./known-families.js";
import { readRanks } from "./rank-file.js";

/** A tokenizer, and the configuration with what the family adds to it. */
export interface TiktokenFiles {
  readonly tokenizer: TokenizerJson;
  readonly config: TokenizerConfig;
}

/** @param config tokenizer_config.json @throws CHECKPOINT that names the file and the line */
export function readTiktoken(path: string, bytes: Uint8Array, config: TokenizerConfig): TiktokenFiles {
  const ranks = readRanks(path, bytes);
  const { pattern, specialTokens, bosToken, eosToken } = tiktokenFamily(ranks.length);
  const added = specialTokens.map(
    (content, i): AddedTokenConfig => ({ id: ranks.length + i, content, special: true, normalized: false }),
  );
  // A configuration that lists its own tokens knows better.
  const listed = Object.keys((config.added_tokens_decoder ?? {}) as object).length > 0;
  const named = { ...(bosToken && { bos_token: bosToken }), ...(eosToken && { eos_token: eosToken }) };
  const split = { type: "Split", pattern: { Regex: pattern }, behavior: "Isolated", invert: false };
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false };
  const parts: TokenizerJson & Readonly<Record<string, unknown>> = {
    normalizer: null,
    pre_tokenizer: { type: "Sequence", pretokenizers: [split, byteLevel] },
    model: {
      type: "BPE",
      vocab: Object.fromEntries(ranks.map((token, rank) => [spelt(token), rank])),
      merges: mergesOf(ranks),
      ignore_merges: true,
    } as TokenizerJson["model"],
    added_tokens: listed ? [] : added,
    decoder: { type: "ByteLevel" },
    post_processor: bosToken ? beginsWith(bosToken, ranks.length + specialTokens.indexOf(bosToken)) : null,
  };
  return { tokenizer: parts, config: listed ? config : { ...named, ...config } };
}

function spelt(latin1: string): string {
  let spelling = "";
  for (let i = 0; i < latin1.length; i++) spelling += CHARACTER_OF_BYTE[latin1.charCodeAt(i)]!;
  return spelling;
}

/** Every way to put a token together from two others, lowest rank first. */
function mergesOf(ranks: readonly string[]): [string, string][] {
  const byToken = new Map(ranks.map((token, rank) => [token, rank]));
  const spelling = ranks.map(spelt);
  const merges: [string, string][] = [];
  for (const token of ranks) {
    const pairs: [number, number][] = [];
    for (let at = 1; at < token.length; at++) {
      const left = byToken.get(token.slice(0, at));
      const right = left === undefined ? undefined : byToken.get(token.slice(at));
      if (right !== undefined) pairs.push([left!, right]);
    }
    pairs.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    for (const [left, right] of pairs) merges.push([spelling[left]!, spelling[right]!]);
  }
  return merges;
}

function beginsWith(token: string, id: number): object {
  return {
    type: "TemplateProcessing",
    single: [{ SpecialToken: { id: token, type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
    special_tokens: { [token]: { id: token, ids: [id], tokens: [token] } },
  };
}
