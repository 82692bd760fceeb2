// The text of single tokens, for logprobs: which token it is must be visible, also where it is a space or half a character.
import type { Tokenizer } from "@octavo/tokenizer";

/** Looks texts up; each is made once. */
export class TokenTexts {
  readonly #tokenizer: Tokenizer | null;
  readonly #texts: string[] = [];

  /** @param tokenizer null: tokens are named by their ids */
  constructor(tokenizer: Tokenizer | null) {
    this.#tokenizer = tokenizer;
  }

  of(id: number): string {
    this.#texts[id] ??= this.#make(id);
    return this.#texts[id]!;
  }

  /** Its bytes, where the text does not say them: it is part of a character. */
  bytesOf(id: number): Uint8Array | undefined {
    return this.#tokenizer?.bytesOf(id) ?? undefined;
  }

  /** As in the middle of a text: SentencePiece tokenizers drop the first token's leading space. */
  #make(id: number): string {
    if (this.#tokenizer === null) return `token_id:${id}`;
    const options = { skipSpecialTokens: false };
    const once = this.#tokenizer.decode([id], options);
    return this.#tokenizer.decode([id, id], options).slice(once.length);
  }
}
