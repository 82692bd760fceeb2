// The general way to stream text, for decoders that Octavo does not know (WordPiece and rarer ones): decode a few tokens with and
// without the new ones and take the difference, because a token's text may depend on its neighbour. The idea is that of
// text-generation-inference and of vLLM's detokenizer.
import type { TextStream, TokenSource } from "./text-stream.js";

/** A character needs at most 4 tokens; after this many the text is taken as it is, so that the window stays small. */
const MAX_HELD_TOKENS = 16;

export class WindowStream implements TextStream {
  readonly #source: TokenSource;
  /** Tokens for context, then tokens whose text is held back. */
  #tokens: string[] = [];
  #context = 0;
  /** The text of the context tokens alone. */
  #contextText = "";

  constructor(source: TokenSource) {
    this.#source = source;
  }

  push(id: number): string {
    const token = this.#source.tokenOf(id);
    if (token === undefined) return "";
    this.#tokens.push(token);
    const text = this.#source.decodeTokens(this.#tokens);
    const certain = text.length > this.#contextText.length && !text.endsWith("\uFFFD");
    if (!certain && this.#tokens.length - this.#context < MAX_HELD_TOKENS) return "";
    return this.#take(text);
  }

  finish(): string {
    return this.#tokens.length === this.#context ? "" : this.#take(this.#source.decodeTokens(this.#tokens));
  }

  #take(text: string): string {
    const fresh = text.slice(this.#contextText.length);
    this.#tokens = this.#tokens.slice(this.#context);
    this.#context = this.#tokens.length;
    this.#contextText = this.#source.decodeTokens(this.#tokens);
    return fresh;
  }
}
