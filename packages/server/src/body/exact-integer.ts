// Integers beyond 2^53, which JSON.parse rounds, from the text itself.
import { endOfString } from "./end-of-string.js";

const QUOTE = 0x22;
const COLON = 0x3a;
const OPENING = [0x5b, 0x7b]; // [ {
const CLOSING = [0x5d, 0x7d]; // ] }
const COMMA = 0x2c;
const DIGITS = /^-?\d+$/;

/**
 * The integer in the field `name` of the object that `bytes` spell, which is known to be valid JSON; the last one, where there are
 * several. Undefined where the field is not there, or is no plain integer.
 */
export function exactInteger(bytes: Uint8Array, name: string): bigint | undefined {
  const text = (from: number, to: number) => Buffer.from(bytes.buffer, bytes.byteOffset).toString("utf8", from, to);
  const isEnd = (byte: number | undefined) => byte === undefined || byte === COMMA || CLOSING.includes(byte);
  let depth = 0;
  let isOurs = false;
  let found: bigint | undefined;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte === QUOTE) {
      const end = endOfString(bytes, i) + 1;
      // A string that is the value of the key before is no key; what follows it is a comma.
      if (depth === 1) isOurs = JSON.parse(text(i, end)) === name;
      i = end - 1;
    } else if (OPENING.includes(byte)) depth++;
    else if (CLOSING.includes(byte)) depth--;
    else if (byte === COLON && depth === 1 && isOurs) {
      let end = i + 1;
      while (!isEnd(bytes[end])) end++;
      const value = text(i + 1, end).trim();
      found = DIGITS.test(value) ? BigInt(value) : undefined;
    }
  }
  return found;
}
