// What turns text into ids, behind Tokenizer: Octavo's own encoder for BPE, the library for the rest.
import { OctavoError } from "@octavo/core";

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

export function withoutId(token: string): OctavoError {
  const message = `tokenizer.json is damaged: encoding gives the token ${JSON.stringify(token)}, which has no id and no unk_token for it`;
  return new OctavoError({ code: "CHECKPOINT", param: "tokenizer.json", message });
}
