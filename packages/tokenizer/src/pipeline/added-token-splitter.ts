// Finds added tokens in a text, the longest at the leftmost place (tokenizers' added_vocabulary.rs).
import { CharTrie } from "./char-trie.js";
import type { Section } from "./split-text.js";

/** An added token in tokenizer.json or tokenizer_config.json. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Counts only where no letter or digit stands beside it. */
  readonly single_word?: boolean;
  /** Takes the white space before it. */
  readonly lstrip?: boolean;
  /** Takes the white space behind it. */
  readonly rstrip?: boolean;
}

const WORD_AT_START = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;
const WORD_AT_END = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u;
const SPACE = /\p{White_Space}/u;

export class AddedTokenSplitter {
  readonly #tokens: readonly AddedToken[];
  readonly #trie: CharTrie;

  /** @param texts what stands for each token; default: its content */
  constructor(tokens: readonly AddedToken[], texts: readonly string[] = tokens.map(({ content }) => content)) {
    this.#tokens = tokens;
    this.#trie = new CharTrie(texts.flatMap((text, index) => (text === "" ? [] : [[text, index] as const])));
  }

  /** The parts of a text in order: sections without added tokens, and the ids of these. */
  *split(section: Section): Generator<Section | number> {
    const { text, atStart } = section;
    const part = (start: number, end: number): Section => ({
      text: text.slice(start, end),
      atStart: atStart && start === 0,
    });
    let from = 0;
    for (let at = 0; at < text.length; ) {
      const { end, index } = this.#longest(text, at);
      const token = end < 0 ? undefined : this.#tokens[index];
      if (token === undefined) {
        at += 1;
        continue;
      }
      if (!token.single_word || isAlone(text, at, end)) {
        let start = at;
        if (token.lstrip) while (start > from && SPACE.test(text[start - 1]!)) start -= 1;
        if (start > from) yield part(from, start);
        yield token.id;
        from = end;
        if (token.rstrip) while (from < text.length && SPACE.test(text[from]!)) from += 1;
      }
      at = end;
    }
    if (from < text.length) yield part(from, text.length);
  }

  #longest(text: string, from: number): { end: number; index: number } {
    const found = { end: -1, index: -1 };
    let node = CharTrie.root;
    for (let at = from; at < text.length; ) {
      node = this.#trie.step(node, text.charCodeAt(at++));
      if (node < 0) break;
      const index = this.#trie.valueAt(node);
      if (index < 0) continue;
      found.end = at;
      found.index = index;
    }
    return found;
  }
}

function isAlone(text: string, start: number, end: number): boolean {
  // Two units are enough for any character; half of one is no letter.
  return !WORD_AT_END.test(text.slice(Math.max(0, start - 2), start)) && !WORD_AT_START.test(text.slice(end, end + 2));
}
