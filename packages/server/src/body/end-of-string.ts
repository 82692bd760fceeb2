const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Index of the quote that ends the JSON string that begins at `start`; the length where it does not end. */
export function endOfString(bytes: Uint8Array, start: number): number {
  let i = start + 1;
  while (i < bytes.length && bytes[i] !== QUOTE) i += bytes[i] === BACKSLASH ? 2 : 1;
  return i;
}
