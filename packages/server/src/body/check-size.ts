// Refuses bodies of too many JSON values before any are made: a million objects take seconds to parse and validate, in which
// no other request goes on. One pass over the bytes; UTF-8 never hides an ASCII byte inside another character.
import { badRequest } from "../errors/api-error.js";
import { endOfString } from "./end-of-string.js";

/** A top-level field that may hold long lists of token ids, which are cheap. */
export interface TokenIdField {
  readonly name: string;
  /** Ids and lists of ids together. */
  readonly maxCount: number;
}

/** Deeper than any request of ours, shallow enough that recursive code downstream cannot run out of stack. */
const MAX_DEPTH = 256;
/** Well above what all known fields are together. */
const MAX_FIELDS = 1000;
/** Values outside of token id lists: some ten thousand chat messages, or 100 ms of parsing and validating. */
export const MAX_VALUES = 50_000;
/** Of a field's name in a message. */
const MAX_NAME_LENGTH = 64;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * Values are counted by what goes before them: a comma or an opening bracket. Malformed JSON is left to the parser.
 * @param ids the field whose list elements have a limit of their own
 * @throws ApiError 400 that names the field in which there is too much
 */
export function checkSize(bytes: Uint8Array, ids?: TokenIdField): void {
  let depth = 0;
  let separators = 0;
  let values = 0;
  let tokenIds = 0;
  let inTokenIds = false;
  let key: Span = [0, 0];
  let field: Span = [0, 0];
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte === QUOTE) {
      const start = i;
      i = endOfString(bytes, i);
      if (depth === 1) key = [start, i + 1];
    } else if (depth === 1 && (byte === COMMA || byte === COLON)) {
      // One of each a field.
      if (++separators > 2 * MAX_FIELDS) throw badRequest(`The request body has more than ${MAX_FIELDS} fields.`);
      if (byte === COMMA) continue;
      field = key;
      inTokenIds = ids !== undefined && nameOf(bytes, field) === ids.name;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--;
    else if (byte === COMMA || byte === OPEN_BRACKET || byte === OPEN_BRACE || (byte === COLON && inTokenIds)) {
      if ((byte === OPEN_BRACKET || byte === OPEN_BRACE) && ++depth > MAX_DEPTH) {
        throw badRequest(`The request body nests deeper than ${MAX_DEPTH} levels.`);
      }
      // Keys of objects are dear wherever they stand.
      if (inTokenIds && (byte === COMMA || byte === OPEN_BRACKET)) tokenIds++;
      else values++;
      if (values > MAX_VALUES) throw tooMany(nameOf(bytes, field), `${MAX_VALUES} JSON values`);
      if (ids && tokenIds > ids.maxCount) throw tooMany(ids.name, `${ids.maxCount} token ids`);
    }
  }
}

/** First byte, and the one after the last. */
type Span = readonly [start: number, end: number];

/** A key without its quotes, as far as it is worth telling. */
function nameOf(bytes: Uint8Array, [start, end]: Span): string {
  const from = start + 1;
  return Buffer.from(bytes.buffer, bytes.byteOffset).toString("utf8", from, Math.min(end - 1, from + MAX_NAME_LENGTH));
}

function tooMany(name: string, what: string): Error {
  if (name === "") return badRequest(`The request body has more than ${what}; send less.`);
  return badRequest(`\`${name}\` makes the request body larger than ${what}; send less.`, name);
}
