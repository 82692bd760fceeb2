// Walks over the pieces of a text, stage by stage, without ever making a list of them: so it can stop anywhere and go on later.
import type { Stage } from "./pre-tokenizer.js";

export class PieceCursor {
  readonly #stages: readonly Stage[];
  /** The piece that each stage cuts, and how far it has come. */
  readonly #texts: string[];
  readonly #ends: number[];
  #level = 0;
  #atStart = false;

  /** @param stages at least one */
  constructor(stages: readonly Stage[]) {
    this.#stages = stages;
    this.#texts = stages.map(() => "");
    this.#ends = stages.map(() => 0);
  }

  /** @param atStart whether this is the first part of the text */
  start(text: string, atStart: boolean): void {
    this.#atStart = atStart;
    this.#enter(0, text);
  }

  /** @returns the next piece, never empty; null: there is no more */
  next(): string | null {
    const last = this.#stages.length - 1;
    for (;;) {
      const level = this.#level;
      const text = this.#texts[level]!;
      const from = this.#ends[level]!;
      if (from === text.length) {
        if (level === 0) return null;
        this.#level = level - 1;
        continue;
      }
      const cutter = this.#stages[level]!.cutter;
      const end = cutter === undefined ? text.length : cutter.next(text, from);
      if (end < 0) {
        this.#ends[level] = ~end;
        continue;
      }
      this.#ends[level] = end;
      const piece = text.slice(from, end);
      if (level === last) return piece;
      this.#enter(level + 1, piece);
    }
  }

  #enter(level: number, piece: string): void {
    const prepare = this.#stages[level]!.prepare;
    this.#level = level;
    this.#texts[level] = prepare === undefined ? piece : prepare(piece, level === 0 && this.#atStart);
    this.#ends[level] = 0;
  }
}
