// Walks over the pieces of a text, stage by stage, some hundred at a time: so it can stop between and go on later.
import type { Stage } from "../bpe/pre-tokenizer.js";

/** Pieces, and UTF-16 units of them but for the last one, that are cut off at once: about a millisecond's work, many more of words that were never seen. */
const PIECES = 1024;
const UNITS = 2 ** 13;

export class PieceCursor {
  /** What the pieces at hand are parts of, and where the next one to be taken begins. */
  text = "";
  start = 0;
  /** Where they end; the bitwise complement of that for a piece that is left out. */
  readonly ends = new Int32Array(PIECES);
  count = 0;
  /** How many were taken. */
  taken = 0;
  readonly #stages: readonly Stage[];
  /** What each stage cuts, and how far it has come. */
  readonly #texts: string[];
  readonly #froms: number[];
  #level = 0;
  #atStart = false;

  /** @param stages at least one */
  constructor(stages: readonly Stage[]) {
    this.#stages = stages;
    this.#texts = stages.map(() => "");
    this.#froms = stages.map(() => 0);
  }

  /** @param atStart whether this is the first part of the text */
  enter(text: string, atStart: boolean): void {
    this.#atStart = atStart;
    this.#enter(0, text);
  }

  /** Goes on to more pieces, none of them empty. @returns whether there are any */
  next(): boolean {
    for (;;) {
      const level = this.#level;
      const text = this.#texts[level]!;
      const from = this.#froms[level]!;
      if (from < text.length) {
        if (level === this.#stages.length - 1) {
          this.#cut(text, from);
          return true;
        }
        const end = this.#stages[level]!.cutter?.next(text, from) ?? text.length;
        this.#froms[level] = end < 0 ? ~end : end;
        if (end > 0) this.#enter(level + 1, text.slice(from, end));
      } else if (level === 0) {
        return false;
      } else {
        this.#level = level - 1;
      }
    }
  }

  /** Past one piece. */
  skip(): void {
    const end = this.ends[this.taken++]!;
    this.start = end < 0 ? ~end : end;
  }

  #cut(text: string, from: number): void {
    const { cutter } = this.#stages[this.#level]!;
    this.text = text;
    this.start = from;
    this.taken = 0;
    this.ends[0] = text.length;
    this.count = cutter === undefined ? 1 : cutter.cut(text, from, Math.min(from + UNITS, text.length), this.ends);
    const end = this.ends[this.count - 1]!;
    this.#froms[this.#level] = end < 0 ? ~end : end;
  }

  #enter(level: number, piece: string): void {
    const prepare = this.#stages[level]!.prepare;
    this.#level = level;
    this.#texts[level] = prepare === undefined ? piece : prepare(piece, level === 0 && this.#atStart);
    this.#froms[level] = 0;
  }
}
