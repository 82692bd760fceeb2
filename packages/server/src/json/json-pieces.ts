// JSON that is too long to be made in one go: its text comes piece by piece, so that other requests are served in between.
import { randomUUID } from "node:crypto";

/** JSON text in place of a value, for {@link jsonPieces}. */
export class RawJson {
  readonly pieces: Iterable<string>;

  constructor(pieces: Iterable<string>) {
    this.pieces = pieces;
  }

  /** Faster than a replacer, which JSON.stringify would call for each of many token ids, too. */
  toJSON(): string {
    met.push(this);
    return MARK;
  }
}

/** Those that the JSON.stringify of {@link jsonPieces} met, in order. */
let met: RawJson[] = [];

/** Characters: few pieces cost less than many. */
const PIECE = 2 ** 12;

/** Stands for a RawJson until its text is there; no reply holds it by chance or by intent. */
const MARK = randomUUID();

/** The JSON of `value`, in which RawJson values are written as they come. */
export function* jsonPieces(value: object): Generator<string> {
  const raw: RawJson[] = [];
  met = raw;
  const text = JSON.stringify(value);
  met = []; // what is written must not stay in memory
  for (const [index, part] of text.split(`"${MARK}"`).entries()) {
    if (index > 0) yield* raw[index - 1]!.pieces;
    yield part;
  }
}

/** A list or an object of elements, each of which may be in pieces itself. */
export function* joined(open: string, elements: Iterable<string | Iterable<string>>, close: string): Generator<string> {
  let text = open;
  let separator = "";
  for (const element of elements) {
    text += separator;
    separator = ",";
    // A text would come letter by letter.
    for (const piece of typeof element === "string" ? [element] : element) {
      text += piece;
      if (text.length < PIECE) continue;
      yield text;
      text = "";
    }
  }
  yield text + close;
}
