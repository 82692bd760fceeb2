// Walks over the pieces of a text, stage by stage, some hundred at a time: so it can stop between and go on later.
import type { Cutter } from "./cutter.js";

/** Pieces, and about how many UTF-16 units of them, that are cut off at once: about a millisecond's work, many more of words that were never seen. */
const PIECES = 1024;
const UNITS = 2 ** 13;

/** May change a piece of text, and then cuts it into smaller ones. */
export interface Stage {
  /** What becomes of a piece before it is cut. `atStart`: it begins where the whole text does. */
  readonly prepare?: (piece: string, atStart: boolean) => string;
  readonly cutter?: Cutter;
}

/** What a stage cuts, and how far it has come. */
interface Level {
  text: string;
  from: number;
  /** The text that the pieces at hand are parts of, and where `text` begins in it. */
  whole: string;
  base: number;
  /** Whether `text` begins where the whole text does. */
  atStart: boolean;
}

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
  readonly #levels: readonly Level[];
  #level = 0;

  /** @param stages at least one */
  constructor(stages: readonly Stage[]) {
    this.#stages = stages;
    this.#levels = stages.map(() => ({ text: "", from: 0, whole: "", base: 0, atStart: false }));
  }

  /** @param atStart whether this is the first part of the text */
  enter(text: string, atStart: boolean): void {
    this.#enter(0, text, text, 0, atStart);
  }

  /** Goes on to more pieces, none of them empty. @returns whether there are any */
  next(): boolean {
    this.count = 0;
    this.taken = 0;
    while (this.#advance());
    return this.count > 0;
  }

  /** Past one piece. */
  skip(): void {
    this.start = endOf(this.ends[this.taken++]!);
  }

  /** @returns whether more pieces may join those at hand, which are parts of one text */
  #advance(): boolean {
    const level = this.#levels[this.#level]!;
    const { cutter, prepare } = this.#stages[this.#level]!;
    const { text, from, whole, base } = level;
    if (from === text.length) {
      if (this.#level === 0 || (prepare !== undefined && this.count > 0)) return false;
      this.#level -= 1;
      return true;
    }
    const before = this.count;
    if (this.#level === this.#stages.length - 1) {
      if (cutter === undefined) this.ends[this.count++] = text.length;
      else this.count = cutter.cut(text, from, Math.min(from + UNITS, text.length), this.ends, before);
    } else {
      const end = cutter === undefined ? text.length : cutter.next(text, from);
      if (end > 0) {
        if (this.#stages[this.#level + 1]!.prepare !== undefined && before > 0) return false;
        level.from = end;
        this.#enter(this.#level + 1, text.slice(from, end), whole, base + from, level.atStart && from === 0);
        return true;
      }
      this.ends[this.count++] = end;
    }
    level.from = endOf(this.ends[this.count - 1]!);
    for (let i = before; i < this.count; i++) this.ends[i]! += this.ends[i]! < 0 ? -base : base;
    if (before === 0) {
      this.text = whole;
      this.start = base + from;
    }
    return this.count < PIECES && base + level.from < this.start + UNITS;
  }

  #enter(index: number, piece: string, whole: string, base: number, atStart: boolean): void {
    const prepare = this.#stages[index]!.prepare;
    const level = this.#levels[index]!;
    this.#level = index;
    level.text = prepare === undefined ? piece : prepare(piece, atStart);
    level.from = 0;
    level.whole = prepare === undefined ? whole : level.text;
    level.base = prepare === undefined ? base : 0;
    level.atStart = atStart;
  }
}

function endOf(end: number): number {
  return end < 0 ? ~end : end;
}
