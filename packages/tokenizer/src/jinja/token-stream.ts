// The parser's place in the tokens.
import type { Token, TokenType } from "./lexer.js";

export class TokenStream {
  #at = 0;
  /** Where each name was last taken. */
  readonly #seen = new Map<string, number>();

  constructor(private readonly tokens: readonly Token[]) {}

  get current(): Token {
    return this.tokens[this.#at]!;
  }

  get following(): Token {
    return this.tokens[Math.min(this.#at + 1, this.tokens.length - 1)]!;
  }

  /** For {@link TokenStream.hasSeen}. */
  get place(): number {
    return this.#at;
  }

  /** Whether a name was taken since a place. */
  hasSeen(name: string, since: number): boolean {
    return (this.#seen.get(name) ?? -1) >= since;
  }

  next(): Token {
    const token = this.current;
    if (token.type === "name") this.#seen.set(token.value, this.#at);
    if (token.type !== "eof") this.#at += 1;
    return token;
  }

  /** Whether the current token is a name or operator of these. */
  is(type: TokenType, ...values: readonly string[]): boolean {
    return this.current.type === type && (values.length === 0 || values.includes(this.current.value));
  }

  /** Takes the token when it is this one. */
  skip(type: TokenType, value: string): boolean {
    const isIt = this.is(type, value);
    if (isIt) this.next();
    return isIt;
  }

  /** @throws SyntaxError when the current token is another one */
  expect(type: TokenType, value?: string): Token {
    const isIt = value === undefined ? this.is(type) : this.is(type, value);
    if (!isIt) throw this.unexpected(value === undefined ? `a ${type}` : `'${value}'`);
    return this.next();
  }

  /** @param wanted such as "a name" */
  unexpected(wanted: string): SyntaxError {
    const { type, value } = this.current;
    return this.error(`expected ${wanted}, found ${type === "eof" ? "the end of the template" : `'${value}'`}`);
  }

  error(message: string): SyntaxError {
    return new SyntaxError(`${message} (line ${this.current.line})`);
  }
}
