// The encoder of @huggingface/tokenizers, for the kinds of tokenizers that Octavo has none for.
import * as huggingface from "@huggingface/tokenizers";
import { type Encoder, withoutId } from "./encoder.js";
import type { AddedTokenConfig, TokenizerConfig, TokenizerJson } from "./tokenizer-json.js";

interface Library {
  readonly model: { readonly vocab: readonly string[]; readonly tokens_to_ids: ReadonlyMap<string, number> };
  readonly decoder: { decode(tokens: string[]): string } | null;
  encode(text: string, options: { add_special_tokens: boolean }): { ids: (number | undefined)[]; tokens: string[] };
}
// The library's declarations import without file extensions, so TypeScript finds no types behind them.
const { Tokenizer: LibraryTokenizer } = huggingface as unknown as {
  Tokenizer: new (tokenizer: object, config: object) => Library;
};

export class LibraryEncoder implements Encoder {
  readonly name = "@huggingface/tokenizers";
  readonly tokens: readonly string[];
  readonly #library: Library;

  /** @throws Error for a kind that the library does not know either */
  constructor(tokenizer: TokenizerJson, config: TokenizerConfig, added: readonly AddedTokenConfig[]) {
    this.#library = new LibraryTokenizer({ ...tokenizer, added_tokens: added }, config);
    this.tokens = this.#library.model.vocab;
  }

  idOf(token: string): number | undefined {
    return this.#library.model.tokens_to_ids.get(token);
  }

  // biome-ignore lint/correctness/useYield: the library encodes a text in one go.
  *encode(text: string, addSpecialTokens: boolean): Generator<void, Int32Array> {
    const { ids, tokens } = this.#library.encode(text, { add_special_tokens: addSpecialTokens });
    const result = new Int32Array(ids.length);
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i];
      if (id === undefined) throw withoutId(tokens[i]!);
      result[i] = id;
    }
    return result;
  }

  decodeTokens(tokens: string[]): string {
    const { decoder } = this.#library;
    return decoder === null ? tokens.join(" ") : decoder.decode(tokens);
  }
}
