// Cuts a template into texts and the tokens of its tags, as Jinja does with transformers' settings: trim_blocks (a line break after a
// tag goes), lstrip_blocks (spaces before a tag that begins its line go), and the template's last line break goes.
import { unescaped } from "./string-literal.js";
import { stripped } from "./whitespace.js";

export type TokenType = "text" | "name" | "string" | "integer" | "float" | "operator" | "begin" | "end" | "eof";

/** "begin" and "end" have the value "{{" or "{%", "}}" or "%}". */
export interface Token {
  readonly type: TokenType;
  readonly value: string;
  /** From 1. */
  readonly line: number;
}

const BEGIN = /\{([{%#])([-+]?)/g;
const RAW_BEGIN = /\{%[-+]?\s*raw\s*(?:-%\}\s*|%\})/y;
const RAW_END = /\{%([-+]?)\s*endraw\s*(?:\+%\}|-%\}\s*|%\}\n?)/g;
const COMMENT_END = /\+#\}|-#\}\s*|#\}\n?/g;
const TAG_END: Readonly<Record<string, RegExp>> = { "{": /-\}\}\s*|\}\}/y, "%": /\+%\}|-%\}\s*|%\}\n?/y };
const FLOAT = String.raw`(?<!\.)\d[\d_]*(?:(?:\.\d[\d_]*)?[eE][+-]?\d[\d_]*|\.\d[\d_]*)`;
const INTEGER = String.raw`0[bB][01_]+|0[oO][0-7_]+|0[xX][\da-fA-F_]+|\d[\d_]*`;
const STRING = String.raw`'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*"`;
const OPERATOR = String.raw`\/\/|\*\*|[=!<>]=|[-+*\/%~[\](){}<>=.:\|,;]`;
const TOKEN = new RegExp(
  String.raw`\s+|(?<float>${FLOAT})|(?<integer>${INTEGER})|(?<name>[\p{L}\p{N}_]+)|(?<string>${STRING})|(?<operator>${OPERATOR})`,
  "suy",
);
const CLOSES: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

/** @throws SyntaxError that names the line */
export function tokenize(template: string): Token[] {
  return new Lexer(template).run();
}

class Lexer {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  #at = 0;
  #line = 1;
  #lineAt = 0;
  /** Whether what was read last ends a line, so that spaces that follow begin one. */
  #startsLine = true;

  constructor(template: string) {
    this.#source = template.replace(/\r\n?/g, "\n").replace(/\n$/, "");
  }

  run(): Token[] {
    while (this.#at < this.#source.length) {
      BEGIN.lastIndex = this.#at;
      const begin = BEGIN.exec(this.#source);
      const text = this.#source.slice(this.#at, begin?.index);
      if (!begin) this.#add("text", text, this.#source.length);
      else this.#tag(text, begin);
    }
    this.#add("eof", "", this.#at);
    return this.#tokens;
  }

  #tag(text: string, { index, 0: opening, 1: kind, 2: sign }: RegExpExecArray): void {
    this.#text(kind === "{" && sign !== "-" ? text : this.#before(text, sign!), index);
    RAW_BEGIN.lastIndex = index;
    const raw = kind === "%" && RAW_BEGIN.exec(this.#source);
    if (raw) this.#raw(index + raw[0].length);
    else if (kind === "#") this.#comment(index + opening.length);
    else this.#code(kind!, index + opening.length);
    this.#startsLine = this.#source[this.#at - 1] === "\n";
  }

  /** @returns the text before a tag without the spaces that the tag takes away */
  #before(text: string, sign: string): string {
    if (sign === "-") return stripped(text, null, "right");
    const lineAt = text.lastIndexOf("\n") + 1;
    const isLine = sign !== "+" && (lineAt > 0 || this.#startsLine);
    return isLine && stripped(text.slice(lineAt)) === "" ? text.slice(0, lineAt) : text;
  }

  #text(text: string, end: number): void {
    if (text === "") this.#at = end;
    else this.#add("text", text, end);
  }

  #raw(start: number): void {
    RAW_END.lastIndex = start;
    const end = RAW_END.exec(this.#source);
    if (!end) throw this.#error("Missing end of raw directive");
    this.#startsLine = this.#source[start - 1] === "\n";
    this.#text(this.#before(this.#source.slice(start, end.index), end[1]!), RAW_END.lastIndex);
  }

  #comment(start: number): void {
    COMMENT_END.lastIndex = start;
    if (!COMMENT_END.test(this.#source)) throw this.#error("Missing end of comment tag");
    this.#at = COMMENT_END.lastIndex;
  }

  /** Tokens up to the end of `{{ }}` or `{% %}`. */
  #code(kind: string, start: number): void {
    this.#add("begin", `{${kind}`, start);
    const end = TAG_END[kind]!;
    const open: string[] = [];
    for (;;) {
      end.lastIndex = this.#at;
      if (open.length === 0 && end.test(this.#source)) break;
      TOKEN.lastIndex = this.#at;
      const found = TOKEN.exec(this.#source);
      if (!found) {
        const isOver = this.#at >= this.#source.length;
        throw this.#error(isOver ? "unexpected end of template" : `unexpected char '${this.#source[this.#at]}'`);
      }
      this.#token(found[0], found.groups!, open);
    }
    this.#add("end", kind === "{" ? "}}" : "%}", end.lastIndex);
  }

  #token(text: string, groups: Readonly<Record<string, string | undefined>>, open: string[]): void {
    const end = this.#at + text.length;
    const { float, integer, name, string, operator } = groups;
    if (operator !== undefined) this.#balance(operator, open);
    if (float !== undefined) this.#add("float", float.replaceAll("_", ""), end);
    else if (integer !== undefined) this.#add("integer", integer.replaceAll("_", ""), end);
    else if (name !== undefined) this.#add("name", name, end);
    else if (string !== undefined) this.#add("string", unescaped(string.slice(1, -1)), end);
    else if (operator !== undefined) this.#add("operator", operator, end);
    else this.#at = end;
  }

  #balance(operator: string, open: string[]): void {
    const closing = CLOSES[operator];
    if (closing) open.push(closing);
    else if (")]}".includes(operator) && open.pop() !== operator) throw this.#error(`unexpected '${operator}'`);
  }

  #add(type: TokenType, value: string, end: number): void {
    this.#tokens.push({ type, value, line: this.#lineNow() });
    this.#at = end;
  }

  #lineNow(): number {
    while (this.#lineAt < this.#at) if (this.#source[this.#lineAt++] === "\n") this.#line += 1;
    return this.#line;
  }

  #error(message: string): SyntaxError {
    return new SyntaxError(`${message} (line ${this.#lineNow()})`);
  }
}
