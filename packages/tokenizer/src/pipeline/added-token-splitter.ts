// Finds added tokens in a text: the first one that begins, of several at one place the longest (tokenizers' AddedVocabulary).

/** An added token in tokenizer.json or tokenizer_config.json. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Takes the whitespace before it, or after it. */
  readonly lstrip?: boolean;
  readonly rstrip?: boolean;
  /** Counts only between other characters than those of words. */
  readonly single_word?: boolean;
}

/** Text between added tokens, or one of them (`id` is not -1). */
export interface AddedSection {
  readonly start: number;
  readonly end: number;
  readonly id: number;
}

interface Node {
  readonly next: Map<number, Node>;
  token: AddedToken | null;
}

const TEXT = -1;
const WORD = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;
const SPACE = /\p{White_Space}/u;

export class AddedTokenSplitter {
  readonly #root: Node = { next: new Map(), token: null };
  /** The next place where a token may begin: a unit that one begins with. */
  readonly #begin: RegExp | null;

  /** @param tokens of two with the same text the later one counts */
  constructor(tokens: readonly AddedToken[]) {
    const units = new Set<number>();
    for (const token of tokens) {
      if (token.content === "") continue;
      units.add(token.content.charCodeAt(0));
      this.#insert(token);
    }
    const members = Array.from(units, (unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
    this.#begin = members === "" ? null : new RegExp(`[${members}]`, "g");
  }

  /** The parts of a text in order, none of them empty. */
  sections(text: string): AddedSection[] {
    const sections: AddedSection[] = [];
    let done = 0;
    let next = 0;
    for (let from = this.#nextBegin(text, 0); from >= 0; from = this.#nextBegin(text, next)) {
      const token = this.#longestAt(text, from);
      // The search goes on behind the token itself, also where it took whitespace that another token begins with.
      next = from + (token === null ? 1 : token.content.length);
      if (token === null) continue;
      if (token.single_word && !standsAlone(text, from, next)) continue;
      const start = token.lstrip ? spacesBefore(text, from, done) : from;
      const end = token.rstrip ? spacesAfter(text, next) : next;
      // A token of whitespace alone, all of which the one before took.
      if (end <= start) continue;
      if (start > done) sections.push({ start: done, end: start, id: TEXT });
      sections.push({ start, end, id: token.id });
      done = end;
    }
    if (done < text.length) sections.push({ start: done, end: text.length, id: TEXT });
    return sections;
  }

  #insert(token: AddedToken): void {
    let node = this.#root;
    for (let i = 0; i < token.content.length; i++) {
      const unit = token.content.charCodeAt(i);
      let next = node.next.get(unit);
      if (next === undefined) {
        next = { next: new Map(), token: null };
        node.next.set(unit, next);
      }
      node = next;
    }
    node.token = token;
  }

  #nextBegin(text: string, from: number): number {
    if (this.#begin === null) return -1;
    this.#begin.lastIndex = from;
    return this.#begin.test(text) ? this.#begin.lastIndex - 1 : -1;
  }

  #longestAt(text: string, from: number): AddedToken | null {
    let node: Node | undefined = this.#root;
    let longest: AddedToken | null = null;
    for (let i = from; i < text.length; i++) {
      node = node.next.get(text.charCodeAt(i));
      if (node === undefined) break;
      longest = node.token ?? longest;
    }
    return longest;
  }
}

function standsAlone(text: string, start: number, end: number): boolean {
  const before = Array.from(text.slice(Math.max(0, start - 2), start)).at(-1);
  const after = text.codePointAt(end);
  return !(before && WORD.test(before)) && !(after !== undefined && WORD.test(String.fromCodePoint(after)));
}

function spacesBefore(text: string, from: number, least: number): number {
  let start = Math.max(from, least);
  while (start > least && SPACE.test(text[start - 1]!)) start -= 1;
  return start;
}

function spacesAfter(text: string, from: number): number {
  let end = from;
  while (end < text.length && SPACE.test(text[end]!)) end += 1;
  return end;
}
