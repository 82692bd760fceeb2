// Files that older folders have beside tokenizer_config.json: names of special tokens, and ids of added ones. transformers reads them
// where the configuration does not list the added tokens itself.
import { join } from "node:path";
import { OctavoError } from "@octavo/core";
import { specialTexts } from "./special-tokens.js";
import type { TokenizerConfig } from "./tokenizer-json.js";

/**
 * The configuration with what `special_tokens_map.json` and `added_tokens.json` say.
 * @param read an object of JSON; null where there is no such file
 * @throws CHECKPOINT that names the file and the token
 */
export async function withOlderFiles(
  folder: string,
  config: TokenizerConfig,
  read: (path: string) => Promise<TokenizerConfig | null>,
): Promise<TokenizerConfig> {
  if (config.added_tokens_decoder !== undefined) return config;
  const named = { ...config, ...(await read(join(folder, "special_tokens_map.json"))) };
  const path = join(folder, "added_tokens.json");
  const ids = await read(path);
  if (ids === null) return named;
  const special = new Set(specialTexts(named));
  const listed: Record<string, object> = {};
  for (const [content, id] of Object.entries(ids)) {
    if (!Number.isInteger(id) || Object.hasOwn(listed, String(id))) {
      const found = `${JSON.stringify(content)} has the id ${JSON.stringify(id)}, it must be an integer that no other has`;
      const message = `cannot use ${path}: ${found}. Download it again.`;
      throw new OctavoError({ code: "CHECKPOINT", param: path, message });
    }
    listed[String(id)] = { content, special: special.has(content), normalized: !special.has(content) };
  }
  return { ...named, added_tokens_decoder: listed };
}
