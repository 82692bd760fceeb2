// Where a text is cut by a pattern: what tokenizers call SplitDelimiterBehavior. A cutter keeps nothing between two calls, so that
// a long text can be cut in several goes.

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

/** The end of the piece that begins at a place; the complement of it for one that is left out. */
type PieceEnd = (stretches: Stretches, text: string, from: number) => number;

const BEHAVIORS: ReadonlyMap<string, PieceEnd> = new Map([
  ["removed", removed],
  ["contiguous", contiguous],
  ["mergedwithprevious", withPrevious],
  ["mergedwithnext", withNext],
]);

/**
 * @param source with the v flag
 * @param behavior what becomes of a match, as tokenizer.json or its Python library spells it. Default: "Isolated"
 * @param invert what the pattern leaves counts as matches, and the other way round
 * @throws Error for any other behavior
 */
export function patternCutter(source: string, behavior = "Isolated", invert = false): Cutter {
  const name = behavior.replaceAll("_", "").toLowerCase();
  // Matches and the text between them are pieces alike, so that it does not matter which is called what.
  if (name === "isolated") return new Isolated(source);
  const pieceEnd = BEHAVIORS.get(name);
  if (pieceEnd === undefined) throw new Error(`the behavior ${JSON.stringify(behavior)} is unknown`);
  // Nor does it here.
  const stretches = new Stretches(source, invert && name !== "contiguous");
  return new OneByOne((text, from) => pieceEnd(stretches, text, from));
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
    let first = from;
    for (let at = from; at < limit && total < ends.length; ) {
      if (this.#ascii !== null) {
        const before = total;
        total = this.#ascii.cut(text, at, first, limit, ends, total);
        first = this.#ascii.stop;
        if (total > before) at = ends[total - 1]!;
        if (at >= limit || total === ends.length) break;
        if (first > at && this.#isForeign(text, first)) {
          first += 1;
          continue;
        }
      }
      at = this.#matcher.pieceEnd(text, at);
      ends[total++] = at;
      first = at;
    }
    return total;
  }

  /**
   * Whether a character is a single one that is not ASCII (a quote in English), and begins no match. To go on behind it is faster than
   * V8's search for the next match; in a text of many such characters the search is.
   */
  #isForeign(text: string, at: number): boolean {
    const code = text.charCodeAt(at);
    const isSingle = code >= 0x80 && (code & 0xf800) !== 0xd800 && !(text.charCodeAt(at + 1) >= 0x80);
    return isSingle && this.#matcher.matchEnd(text, at) < 0;
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

  /** Where the first match after this place begins, which may be empty; the text's length where there is none. */
  nextMatch(text: string, from: number): number {
    this.#later.lastIndex = from;
    for (;;) {
      const match = this.#later.exec(text);
      if (match === null) return text.length;
      if (match.index > from) return match.index;
      if (match[0] === "") this.#later.lastIndex += (text.codePointAt(match.index) ?? 0) > 0xffff ? 2 : 1;
    }
  }

  pieceEnd(text: string, from: number): number {
    const end = this.matchEnd(text, from);
    return end < 0 ? this.nextMatch(text, from) : end;
  }
}

/** A text as matches and what stands between two. A match of nothing is a place to cut. */
class Stretches {
  readonly #matcher: Matcher;
  readonly #inverts: boolean;

  constructor(source: string, inverts: boolean) {
    this.#matcher = new Matcher(source);
    this.#inverts = inverts;
  }

  /** The end of the match that begins here; the complement of the end of what is none. */
  endFrom(text: string, from: number): number {
    const matchEnd = this.#matcher.matchEnd(text, from);
    const end = matchEnd < 0 ? ~this.#matcher.nextMatch(text, from) : matchEnd;
    return this.#inverts ? ~end : end;
  }
}

function removed(stretches: Stretches, text: string, from: number): number {
  return ~stretches.endFrom(text, from);
}

/** Matches that follow each other are one piece. */
function contiguous(stretches: Stretches, text: string, from: number): number {
  let end = stretches.endFrom(text, from);
  if (end < 0) return ~end;
  while (end < text.length) {
    const next = stretches.endFrom(text, end);
    if (next < 0) break;
    end = next;
  }
  return end;
}

/** A match ends the text before it; only of several in a row those after the first are pieces of their own. */
function withPrevious(stretches: Stretches, text: string, from: number): number {
  const first = stretches.endFrom(text, from);
  if (first >= 0) return first;
  const second = ~first < text.length ? stretches.endFrom(text, ~first) : -1;
  return second < 0 ? ~first : second;
}

/** A match begins the text after it; of several in a row each is a piece, but for the last. */
function withNext(stretches: Stretches, text: string, from: number): number {
  const first = stretches.endFrom(text, from);
  if (first < 0) return ~first;
  const second = first < text.length ? stretches.endFrom(text, first) : 0;
  return second < 0 ? ~second : first;
}
