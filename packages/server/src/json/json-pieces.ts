// JSON that is too long to be made in one go: its text comes piece by piece, so that other requests are served in between.
import { randomUUID } from "node:crypto";

/** JSON text in place of a value. */
export class RawJson {
  readonly pieces: Iterable<string>;

  constructor(pieces: Iterable<string>) {
    this.pieces = pieces;
  }
}

/** Characters: few pieces cost less than many. */
const PIECE = 2 ** 12;

/** Stands for a RawJson until its text is there; no reply holds it by chance or by intent. */
const MARK = randomUUID();

/** The JSON of `value`, in which RawJson values are written as they come. */
export function* jsonPieces(value: object): Generator<string> {
  const raw: RawJson[] = [];
  const text = JSON.stringify(value, (_, field) => {
    if (!(field instanceof RawJson)) return field;
    raw.push(field);
    return MARK;
  });
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
