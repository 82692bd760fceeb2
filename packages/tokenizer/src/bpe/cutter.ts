// Where a text is cut by a pattern: what tokenizers call SplitDelimiterBehavior. A cutter keeps nothing between two calls, so that
// a long text can be cut in several goes.
import { NotCovered } from "../not-covered.js";

/** Cuts a text into pieces. */
export interface Cutter {
  /**
   * @param from where a piece begins, before the text's end
   * @returns where it ends, after `from`; the bitwise complement of that for a piece that is left out
   */
  next(text: string, from: number): number;
}

/** @param source with the v flag @param behavior what becomes of a match @throws NotCovered */
export function patternCutter(source: string, behavior: string, invert = false): Cutter {
  const matcher = new Matcher(source);
  // Matches and the text between them are pieces alike, so that it does not matter which is called what.
  if (behavior === "Isolated") return { next: (text, from) => matcher.pieceEnd(text, from) };
  if (behavior === "Removed") return { next: (text, from) => removed(matcher, text, from, invert) };
  if (invert) throw new NotCovered(`an inverted split with ${behavior}`);
  if (behavior === "Contiguous") return { next: (text, from) => contiguous(matcher, text, from) };
  if (behavior === "MergedWithPrevious") return { next: (text, from) => withPrevious(matcher, text, from) };
  if (behavior === "MergedWithNext") return { next: (text, from) => withNext(matcher, text, from) };
  throw new NotCovered(`the split behavior ${behavior}`);
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
