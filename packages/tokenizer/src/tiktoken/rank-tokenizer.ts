// Tokens by rank as the byte-level BPE of a tokenizer.json, as transformers converts them (TikTokenConverter).
import { byteSpelling } from "../byte-level.js";
import type { AddedTokenConfig, TokenizerJson } from "../tokenizer-json.js";

/** What a file, or what is known of its family, says. */
export interface RankedTokens {
  /** Each token's bytes as a Latin-1 text, by rank. */
  readonly ranks: readonly string[];
  /** The id of rank 0. */
  readonly firstId: number;
  /** Cuts text into words. */
  readonly pattern: string;
  readonly addedTokens: readonly AddedTokenConfig[];
  /** What texts begin with. */
  readonly bos: AddedTokenConfig | undefined;
}

export function rankTokenizer({ ranks, firstId, pattern, addedTokens, bos }: RankedTokens): TokenizerJson {
  const split = { type: "Split", pattern: { Regex: pattern }, behavior: "Isolated", invert: false };
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false };
  const parts: TokenizerJson & Readonly<Record<string, unknown>> = {
    normalizer: null,
    pre_tokenizer: { type: "Sequence", pretokenizers: [split, byteLevel] },
    model: {
      type: "BPE",
      vocab: Object.fromEntries(ranks.map((token, rank) => [spelt(token), firstId + rank])),
      merges: mergesOf(ranks),
      ignore_merges: true,
    } as TokenizerJson["model"],
    added_tokens: addedTokens,
    decoder: { type: "ByteLevel" },
    post_processor: bos ? beginsWith(bos) : null,
  };
  return parts;
}

/** @param token its bytes as Latin-1 */
function spelt(token: string): string {
  return byteSpelling(Buffer.from(token, "latin1"));
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

function beginsWith({ content, id }: AddedTokenConfig): object {
  return {
    type: "TemplateProcessing",
    single: [{ SpecialToken: { id: content, type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
    special_tokens: { [content]: { id: content, ids: [id], tokens: [content] } },
  };
}
