// tekken.json as a tokenizer.json, with the chat template of its version.
import type { TokenizerConfig } from "../tokenizer-json.js";
import { rankTokenizer } from "./rank-tokenizer.js";
import { readTekken } from "./tekken-file.js";
import { tekkenTemplate } from "./tekken-template.js";
import type { TiktokenFiles } from "./tiktoken-tokenizer.js";

/** What the tokens are called in every version. */
const NAMES = { bos_token: "<s>", eos_token: "</s>", unk_token: "<unk>", pad_token: "<pad>" };

/** @param config tokenizer_config.json, whose template comes first @throws CHECKPOINT that names the file and the field */
export function readTekkenTokenizer(path: string, bytes: Uint8Array, config: TokenizerConfig): TiktokenFiles {
  const { ranks, specialTokens, pattern, version } = readTekken(path, bytes);
  const bos = specialTokens.find(({ content }) => content === NAMES.bos_token);
  const tokenizer = rankTokenizer({ ranks, firstId: specialTokens.length, pattern, addedTokens: specialTokens, bos });
  return { tokenizer, config: { chat_template: tekkenTemplate(version), ...NAMES, ...config } };
}
