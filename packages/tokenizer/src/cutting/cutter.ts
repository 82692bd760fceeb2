// Where a text is cut by a pattern: what tokenizers call SplitDelimiterBehavior. A cutter keeps nothing between two calls, so that
// a long text can be cut in several goes.

import { NotCovered } from "../not-covered.js";
import { AsciiAutomaton } from "./ascii-automaton.js";

/** Cuts a text into pieces. */
export abstract class Cutter {
  /**
   * @param from where a piece begins, before the text's end
   * @returns where it ends, after `from`; the bitwise complement of that for a piece that is left out
   */
  abstract next(text: string, from: number): number;

  /**
   * Cuts off several pieces.
   * @param limit where no more piece may begin
   * @param ends is given what {@link Cutter.next} gives for each, from `count` on; there is room for one at least
   * @returns the new count, greater than it was
   */
  cut(text: string, from: number, limit: number, ends: Int32Array, count: number): number {
    let total = count;
    for (let at = from; at < limit && total < ends.length; total++) {
      const end = this.next(text, at);
      ends[total] = end;
      at = end < 0 ? ~end : end;
    }
    return total;
  }
}

/** @param source with the v flag @param behavior what becomes of a match @throws NotCovered */
export function patternCutter(source: string, behavior: string, invert = false): Cutter {
  // Matches and the text between them are pieces alike, so that it does not matter which is called what.
  if (behavior === "Isolated") return new Isolated(source);
  const matcher = new Matcher(source);
  if (behavior === "Removed") return new OneByOne((text, from) => removed(matcher, text, from, invert));
  if (invert) throw new NotCovered(`an inverted split with ${behavior}`);
  if (behavior === "Contiguous") return new OneByOne((text, from) => contiguous(matcher, text, from));
  if (behavior === "MergedWithPrevious") return new OneByOne((text, from) => withPrevious(matcher, text, from));
  if (behavior === "MergedWithNext") return new OneByOne((text, from) => withNext(matcher, text, from));
  throw new NotCovered(`the split behavior ${behavior}`);
}

class OneByOne extends Cutter {
  constructor(readonly next: Cutter["next"]) {
    super();
  }
}

/** Each match is a piece, and so is what stands between two. */
class Isolated extends Cutter {
  readonly #matcher: Matcher;
  readonly #ascii: AsciiAutomaton | null;
  readonly #end = new Int32Array(1);

  constructor(source: string) {
    super();
    this.#matcher = new Matcher(source);
    this.#ascii = AsciiAutomaton.of(source);
  }

  next(text: string, from: number): number {
    this.cut(text, from, from + 1, this.#end, 0);
    return this.#end[0]!;
  }

  override cut(text: string, from: number, limit: number, ends: Int32Array, count: number): number {
    let total = count;
    for (let at = from; at < limit && total < ends.length; ) {
      if (this.#ascii !== null) {
        const before = total;
        total = this.#ascii.cut(text, at, limit, ends, total);
        if (total > before) at = ends[total - 1]!;
        if (at >= limit || total === ends.length) break;
      }
      at = this.#matcher.pieceEnd(text, at);
      ends[total++] = at;
    }
    return total;
  }
}

class Matcher {
  readonly #here: RegExp;
  readonly #later: RegExp;

  constructor(source: string) {
    this.#here = new RegExp(source, "vy");
    this.#later = new RegExp(source, "vg");
  }

  /** The end of the match that begins here; -1: none does. */
  matchEnd(text: string, from: number): number {
    this.#here.lastIndex = from;
    const end = this.#here.test(text) ? this.#here.lastIndex : -1;
    return end > from ? end : -1;
  }

  /** Where the first match after this place begins; the text's length where there is none. */
  nextMatch(text: string, from: number): number {
    this.#later.lastIndex = from;
    for (;;) {
      const match = this.#later.exec(text);
      if (match === null) return text.length;
      if (match.index > from && match[0] !== "") return match.index;
      if (match[0] === "") this.#later.lastIndex += (text.codePointAt(match.index) ?? 0) > 0xffff ? 2 : 1;
    }
  }

  pieceEnd(text: string, from: number): number {
    const end = this.matchEnd(text, from);
    return end < 0 ? this.nextMatch(text, from) : end;
  }
}

/** Matches are left out, or with `invert` all else. */
function removed(matcher: Matcher, text: string, from: number, invert: boolean): number {
  const end = matcher.matchEnd(text, from);
  if (end < 0) return invert ? ~matcher.nextMatch(text, from) : matcher.nextMatch(text, from);
  return invert ? end : ~end;
}

/** Matches that follow each other are one piece. */
function contiguous(matcher: Matcher, text: string, from: number): number {
  let end = matcher.matchEnd(text, from);
  if (end < 0) return matcher.nextMatch(text, from);
  while (end < text.length) {
    const next = matcher.matchEnd(text, end);
    if (next < 0) break;
    end = next;
  }
  return end;
}

/** A match ends the text before it; only of several in a row those after the first are pieces of their own. */
function withPrevious(matcher: Matcher, text: string, from: number): number {
  const end = matcher.matchEnd(text, from);
  if (end >= 0) return end;
  const match = matcher.nextMatch(text, from);
  return match < text.length ? matcher.matchEnd(text, match) : match;
}

/** A match begins the text after it; of several in a row each is a piece, but for the last. */
function withNext(matcher: Matcher, text: string, from: number): number {
  const end = matcher.matchEnd(text, from);
  if (end < 0) return matcher.nextMatch(text, from);
  return end < text.length && matcher.matchEnd(text, end) < 0 ? matcher.nextMatch(text, end) : end;
}
