// What turns text into ids, behind Tokenizer: Octavo's own encoder for BPE, the library for the rest.
import { OctavoError } from "@octavo/core";
import type { AddedTokenConfig } from "./tokenizer-json.js";

export interface Encoder {
  /** Whose it is. */
  readonly name: "octavo" | "@huggingface/tokenizers";
  /** By id, added tokens included; ids without a token are holes. */
  readonly tokens: readonly string[];
  idOf(token: string): number | undefined;
  /**
   * Yields where it may be interrupted; its result are the ids.
   * @throws CHECKPOINT when the post-processor adds a token that the vocabulary lacks
   */
  encode(text: string, addSpecialTokens: boolean): Generator<void, Int32Array>;
  /** The text of a sequence of tokens, by a decoder that Octavo has no stream for. */
  decodeTokens(tokens: string[]): string;
}

/** A model's vocabulary and the added tokens as one. */
export function vocabularyOf(
  model: ReadonlyMap<string, number>,
  added: readonly AddedTokenConfig[],
): { readonly tokens: readonly string[]; readonly ids: ReadonlyMap<string, number> } {
  const ids = new Map(model);
  const tokens = new Array<string>(model.size);
  for (const [token, id] of model) tokens[id] = token;
  for (const { id, content } of added) {
    ids.set(content, id);
    tokens[id] = content;
  }
  return { tokens, ids };
}

export function withoutId(token: string): OctavoError {
  const message = `tokenizer.json is damaged: encoding gives the token ${JSON.stringify(token)}, which has no id and no unk_token for it`;
  return new OctavoError({ code: "CHECKPOINT", param: "tokenizer.json", message });
}
