// Matches a regular expression against ASCII text with one table look-up a character, several times as fast as V8's own, which also has
// to mind all of Unicode when a single character of the whole text is not Latin-1. The states are those of Thompson's construction; as they
// keep their order, the match is the one that backtracking finds first.
import { type AsciiProgram, compileAscii } from "./ascii-program.js";

/** Stands for the text's end, after the 128 characters. */
const END = 128;
/** Of real patterns they are some dozen. */
const MAX_STATES = 256;
/** Characters that are looked for by V8, which finds them from the first text on as fast as when it has compiled this file. */
const MAX_RARE = 16;

/** The row without a way on, and the first one. */
const DEAD = 0;
const START = 1;

export class AsciiAutomaton {
  /** By character: its column. Characters that no part of the pattern tells apart share one. */
  readonly #columns: Uint8Array;
  /** Bits of a column. */
  readonly #shift: number;
  /** By row and column: twice the row that follows, and 1 where a match ends before the character. */
  readonly #steps: Int16Array;
  /** The next place where one may begin, of patterns of rare things (digits, one script); null: nearly everywhere. */
  readonly #nextBegin: RegExp | null;
  /** Where {@link AsciiAutomaton.cut} has stopped: before here no match begins in the piece that was to be next. */
  stop = 0;

  /** @returns null for a pattern that is left to V8, as one that matches nothing at some places */
  static of(source: string): AsciiAutomaton | null {
    const program = compileAscii(source);
    if (program === null) return null;
    const { columns, examples } = columnsOf(program);
    const rows = rowsOf(program, examples);
    if (rows === null || rows[START]!.some((step) => (step & 1) !== 0)) return null;
    return new AsciiAutomaton(columns, rows);
  }

  private constructor(columns: Uint8Array, rows: readonly Int16Array[]) {
    this.#columns = columns;
    this.#shift = Math.ceil(Math.log2(rows[DEAD]!.length));
    this.#steps = new Int16Array(rows.length << this.#shift);
    for (const [row, steps] of rows.entries()) this.#steps.set(steps, row << this.#shift);
    this.#nextBegin = rareBegins(columns, rows[START]!);
  }

  /**
   * Cuts off matches, and what stands between two, until a character that is not ASCII might have a say, or there is no more room. One
   * function without calls but for rare things, so that V8 compiles it once and soon.
   * @param from where a piece begins @param first no match begins before this place
   * @param limit where no more piece may begin
   * @param ends is given where they end, from `count` on
   * @returns the new count
   */
  cut(text: string, from: number, first: number, limit: number, ends: Int32Array, count: number): number {
    const steps = this.#steps;
    const columns = this.#columns;
    const shift = this.#shift;
    const { length } = text;
    let start = from;
    let begin = first;
    let total = count;
    while (total < ends.length && start < limit) {
      let end = start;
      if (this.#nextBegin !== null) {
        this.#nextBegin.lastIndex = begin;
        begin = this.#nextBegin.test(text) ? this.#nextBegin.lastIndex - 1 : length;
      }
      for (; begin < length; begin++) {
        let row = START;
        end = begin;
        for (let at = begin; row !== DEAD; at++) {
          const char = at < length ? text.charCodeAt(at) : END;
          if (char >= END && at < length) {
            this.stop = begin;
            return total;
          }
          const step = steps[(row << shift) + columns[char]!]!;
          if ((step & 1) !== 0) end = at;
          row = step >> 1;
        }
        if (end > begin) break;
      }
      start = begin > start ? begin : end;
      begin = start;
      ends[total++] = start;
    }
    this.stop = start;
    return total;
  }
}

/** @returns a pattern of the characters that a match begins with, and of all that are not ASCII; null: they are many */
function rareBegins(columns: Uint8Array, first: Int16Array): RegExp | null {
  const codes = [...Array(END).keys()].filter((code) => first[columns[code]!] !== 2 * DEAD);
  if (codes.length > MAX_RARE) return null;
  const members = codes.map((code) => `\\x${code.toString(16).padStart(2, "0")}`).join("");
  return new RegExp(`[${members}\\x80-\\uffff]`, "g");
}

/** @returns the characters' columns, and one character of each */
function columnsOf({ instructions }: AsciiProgram): { columns: Uint8Array; examples: readonly number[] } {
  const sets = new Set(instructions.flatMap((instruction) => ("set" in instruction ? [instruction.set] : [])));
  const columns = new Uint8Array(END + 1);
  const known = new Map<string, number>();
  const examples: number[] = [];
  for (let char = 0; char <= END; char++) {
    let key = char === END ? "end" : "";
    for (const set of sets) key += set[char];
    let column = known.get(key);
    if (column === undefined) {
      column = examples.push(char) - 1;
      known.set(key, column);
    }
    columns[char] = column;
  }
  return { columns, examples };
}

/** The steps of each state, which is where the program may stand, best first. @returns null: they are too many */
function rowsOf(program: AsciiProgram, examples: readonly number[]): Int16Array[] | null {
  const states: (readonly number[])[] = [[], [program.start]];
  const rowOf = new Map<string, number>([["", DEAD]]);
  const rows: Int16Array[] = [];
  for (let row = 0; row < states.length; row++) {
    if (states.length > MAX_STATES) return null;
    const steps = new Int16Array(examples.length);
    for (const [column, char] of examples.entries()) {
      const { places, isMatch } = follow(program, states[row]!, char);
      const key = places.join();
      const next = rowOf.get(key) ?? states.push(places) - 1;
      rowOf.set(key, next);
      steps[column] = 2 * next + (isMatch ? 1 : 0);
    }
    rows.push(steps);
  }
  return rows;
}

/** Where the program stands after a character, and whether a match ends before it. */
function follow({ instructions }: AsciiProgram, from: readonly number[], char: number) {
  const places: number[] = [];
  const seen = new Set<number>();
  const waiting = from.toReversed();
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    if (seen.has(place)) continue;
    seen.add(place);
    const instruction = instructions[place]!;
    // Whatever else could match is not preferred to this.
    if (instruction.kind === "match") return { places, isMatch: true };
    if (instruction.kind === "either") waiting.push(instruction.second, instruction.first);
    else if (instruction.kind === "notAhead" && instruction.set[char] !== 1) waiting.push(instruction.next);
    else if (instruction.kind === "character" && instruction.set[char] === 1) places.push(instruction.next);
  }
  return { places, isMatch: false };
}
