// A tiktoken rank file as a tokenizer.json, with what is known of its family.
import type { AddedTokenConfig, TokenizerConfig, TokenizerJson } from "../tokenizer-json.js";
import { tiktokenFamily } from "./known-families.js";
import { readRanks } from "./rank-file.js";
import { rankTokenizer } from "./rank-tokenizer.js";

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
  const bos = added.find(({ content }) => content === bosToken);
  const tokenizer = rankTokenizer({ ranks, firstId: 0, pattern, addedTokens: listed ? [] : added, bos });
  return { tokenizer, config: listed ? config : { ...named, ...config } };
}
