// Reads the big parts of tokenizer.json, vocabulary and merges, straight from its text: JSON.parse would make an object of 100,000 properties
// and an array for each of 300,000 merges first, which takes most of a tokenizer's loading. All else is JSON.parse's. What is not written
// as plainly as real files are is left to it as a whole.
import { BpeVocabulary, type TextPart } from "./bpe-vocabulary.js";
import { ownString } from "./own-string.js";

/** Where a model that was read so has its {@link BpeVocabulary}. */
export const SCANNED = Symbol("octavo.bpe-vocabulary");

/** Stand for the parts that were cut out. */
const VOCAB = "\0octavo.vocab";
const MERGES = "\0octavo.merges";

interface Rest {
  readonly model?: Readonly<Record<string, unknown>> | null;
}

/**
 * @returns tokenizer.json as JSON.parse gives it, with the model's `vocab` and `merges` parsed only when they are read; null where it
 * is no BPE model, or not written plainly
 */
export function scanTokenizerJson(text: string): Record<string, unknown> | null {
  try {
    return scan(text);
  } catch {
    // JSON.parse of the whole says what is wrong, or finds nothing wrong.
    return null;
  }
}

function scan(text: string): Record<string, unknown> | null {
  const vocabulary = new BpeVocabulary();
  const scanner = new Scanner(text);
  const vocabStart = scanner.find(/"vocab"\s*:\s*(?=\{)/g, 0);
  const vocabEnd = scanner.vocab(vocabStart, vocabulary);
  const mergesStart = scanner.find(/"merges"\s*:\s*(?=\[)/g, vocabEnd);
  const mergesEnd = scanner.merges(mergesStart, vocabulary);
  const parts = [text.slice(0, vocabStart), text.slice(vocabEnd, mergesStart), text.slice(mergesEnd)];
  const rest = JSON.parse(parts[0] + JSON.stringify(VOCAB) + parts[1] + JSON.stringify(MERGES) + parts[2]) as Rest;
  const { model } = rest;
  // They might have been another object's.
  if (model?.type !== "BPE" || model.vocab !== VOCAB || model.merges !== MERGES) return null;
  // Merges were read as if there were none.
  if (model.continuing_subword_prefix) return null;
  const parsed = (start: number, end: number) => {
    let value: unknown;
    return { enumerable: true, get: () => (value ??= JSON.parse(text.slice(start, end))) };
  };
  Object.defineProperties(model, {
    vocab: parsed(vocabStart, vocabEnd),
    merges: parsed(mergesStart, mergesEnd),
    [SCANNED]: { enumerable: true, value: vocabulary },
  });
  return rest as Record<string, unknown>;
}

class Scanner {
  readonly #text: string;
  #at = 0;
  /** The next backslash at or after the place where it was looked for. */
  #backslash = -1;

  constructor(text: string) {
    this.#text = text;
  }

  /** The end of the first match. */
  find(pattern: RegExp, from: number): number {
    pattern.lastIndex = from;
    return pattern.test(this.#text) ? pattern.lastIndex : this.#refuse();
  }

  /** @returns the end */
  vocab(start: number, vocabulary: BpeVocabulary): number {
    this.#at = start + 1;
    do {
      const { text, start: from, end } = this.#string();
      this.#expect(":");
      vocabulary.addToken(ownString(text.slice(from, end)), this.#number());
    } while (this.#goesOn("}"));
    return this.#at;
  }

  /** @returns the end */
  merges(start: number, vocabulary: BpeVocabulary): number {
    this.#at = start + 1;
    do {
      if (this.#next() !== "[") {
        const { text, start: from, end } = this.#string();
        vocabulary.addMergeText(text.slice(from, end));
        continue;
      }
      this.#at += 1;
      const left = this.#string();
      this.#expect(",");
      vocabulary.addMerge(left, this.#string());
      this.#expect("]");
    } while (this.#goesOn("]"));
    return this.#at;
  }

  /** Where a text stands; one with escapes as a text of its own. */
  #string(): TextPart {
    this.#expect('"');
    const text = this.#text;
    const start = this.#at;
    let end = text.indexOf('"', start);
    if (this.#backslash < start) this.#backslash = indexOrEnd(text, "\\", start);
    if (this.#backslash > end && end >= 0) {
      this.#at = end + 1;
      return { text, start, end };
    }
    while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
    if (end < 0) this.#refuse();
    this.#at = end + 1;
    const parsed: string = JSON.parse(text.slice(start - 1, this.#at));
    return { text: parsed, start: 0, end: parsed.length };
  }

  #number(): number {
    this.#next();
    const start = this.#at;
    let value = 0;
    for (;;) {
      const digit = this.#text.charCodeAt(this.#at) - 48;
      if (!(digit >= 0 && digit <= 9)) break;
      value = 10 * value + digit;
      this.#at += 1;
    }
    return this.#at > start ? value : this.#refuse();
  }

  /** Past a comma: true; past the end: false. */
  #goesOn(end: string): boolean {
    const next = this.#next();
    if (next !== "," && next !== end) this.#refuse();
    this.#at += 1;
    return next === ",";
  }

  #expect(char: string): void {
    if (this.#next() !== char) this.#refuse();
    this.#at += 1;
  }

  /** The next character that is not white. */
  #next(): string {
    const text = this.#text;
    while (text.charCodeAt(this.#at) <= 32) this.#at += 1;
    return text[this.#at] ?? "";
  }

  #refuse(): never {
    throw new SyntaxError(`not as expected at ${this.#at}`);
  }
}

function indexOrEnd(text: string, char: string, from: number): number {
  const index = text.indexOf(char, from);
  return index < 0 ? text.length : index;
}

/** Whether an odd number of backslashes stands before this place. */
function isEscaped(text: string, at: number): boolean {
  let start = at;
  while (text[start - 1] === "\\") start -= 1;
  return (at - start) % 2 === 1;
}
