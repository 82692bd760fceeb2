// Taking characters off the ends of a text, and cutting it, as Python does.

/** What str.isspace() is true of. */
const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const ONE_SPACE = new RegExp(`[${SPACE}]`);
const WORD = new RegExp(`[^${SPACE}]+`, "g");
const ALL_SPACE = new RegExp(`^[${SPACE}]+$`);
// biome-ignore lint/suspicious/noControlCharactersInRegex: Python ends lines at these too
const LINE = /\r\n|[\n\v\f\r\x1c-\x1e\x85\u2028\u2029]/g;

export type Side = "left" | "right" | "both";

/** @param chars what is taken away: spaces of every kind where null */
export function stripped(text: string, chars: string | null = null, side: Side = "both"): string {
  const set = chars === null ? null : new Set(Array.from(chars).join(""));
  const isTaken = (char: string): boolean => (set ? set.has(char) : ONE_SPACE.test(char));
  let [start, end] = [0, text.length];
  if (side !== "right") while (start < end && isTaken(text[start]!)) start += 1;
  if (side !== "left") while (end > start && isTaken(text[end - 1]!)) end -= 1;
  return text.slice(start, end);
}

export function isSpace(text: string): boolean {
  return ALL_SPACE.test(text);
}

/** @returns the words between spaces; after `most` cuts the rest is one */
export function words(text: string, most: number): string[] {
  const found: string[] = [];
  for (const { 0: word, index } of text.matchAll(WORD)) {
    if (most >= 0 && found.length === most) {
      found.push(text.slice(index));
      break;
    }
    found.push(word);
  }
  return found;
}

/** As {@link words}, cut from the end. */
export function wordsFromEnd(text: string, most: number): string[] {
  const all = [...text.matchAll(WORD)];
  const single = most < 0 ? 0 : Math.max(0, all.length - most);
  const last = all[single - 1];
  const rest = last ? [text.slice(0, last.index + last[0].length)] : [];
  return [...rest, ...all.slice(single).map(([word]) => word)];
}

/** @returns the lines, with their ends where asked */
export function lines(text: string, keepEnds: boolean): string[] {
  const found: string[] = [];
  let start = 0;
  for (const { 0: end, index } of text.matchAll(LINE)) {
    found.push(text.slice(start, keepEnds ? index + end.length : index));
    start = index + end.length;
  }
  if (start < text.length) found.push(text.slice(start));
  return found;
}
