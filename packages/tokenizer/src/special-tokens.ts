// The special tokens that tokenizer_config.json names (bos_token, ...), and how they join those of tokenizer.json.
import type { AddedTokenConfig, TokenizerConfig, TokenizerJson } from "./tokenizer-json.js";

const NAMES = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"] as const;

/** Far above any vocabulary: tables of ids are made for the largest one. */
const MAX_ID = 2 ** 24;

/** The named special tokens as texts. Chat templates see them under these names. */
export function namedSpecialTokens(config: TokenizerConfig): Readonly<Record<string, string>> {
  const named: Record<string, string> = {};
  for (const name of NAMES) {
    const text = tokenText(config[name]);
    if (text !== null) named[name] = text;
  }
  return named;
}

/** All special tokens that the configuration names as texts, those without a role (`additional_special_tokens`) last. */
export function specialTexts(config: TokenizerConfig): string[] {
  const extra = config.additional_special_tokens ?? config.extra_special_tokens;
  const others = (Array.isArray(extra) ? extra : []).map(tokenText).filter((text) => text !== null);
  return [...Object.values(namedSpecialTokens(config)), ...others];
}

/**
 * The added tokens of tokenizer.json, then those that only tokenizer_config.json has: transformers adds its
 * `added_tokens_decoder` and makes named special tokens of the vocabulary special. A named token that is in no vocabulary
 * is left out: it would get an id that the model has no embedding for.
 * @throws Error for an id that is none
 */
export function addedTokens(tokenizer: TokenizerJson, config: TokenizerConfig): AddedTokenConfig[] {
  const added = [...tokenizer.added_tokens];
  const known = new Set(added.map((token) => token.content));
  const add = (token: AddedTokenConfig): void => {
    if (known.has(token.content)) return;
    known.add(token.content);
    added.push(token);
  };
  for (const [id, token] of Object.entries((config.added_tokens_decoder ?? {}) as Record<string, AddedTokenConfig>)) {
    if (tokenText(token) !== null) add({ ...token, id: Number(id) });
  }
  for (const content of specialTexts(config)) {
    if (known.has(content)) continue;
    const id = vocabularyId(tokenizer, content);
    if (id !== undefined) add({ id, content, special: true, normalized: false });
  }
  for (const { id, content } of added) {
    if (Number.isInteger(id) && id >= 0 && id < MAX_ID) continue;
    throw new Error(
      `its added token ${JSON.stringify(content)} has the id ${id}, from 0 to ${MAX_ID - 1} are possible`,
    );
  }
  return added;
}

/** A token stands in the configuration as text or as `{ content }`. */
function tokenText(token: unknown): string | null {
  const text = typeof token === "object" && token !== null ? (token as { content?: unknown }).content : token;
  return typeof text === "string" ? text : null;
}

function vocabularyId({ model: { vocab } }: TokenizerJson, token: string): number | undefined {
  if (Array.isArray(vocab)) {
    const index = vocab.findIndex((entry) => entry[0] === token);
    return index < 0 ? undefined : index;
  }
  return Object.hasOwn(vocab, token) ? (vocab as Record<string, number>)[token] : undefined;
}
