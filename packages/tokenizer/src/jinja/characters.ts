// Texts in characters as Python counts them: code points, not the UTF-16 units of JavaScript.

const SURROGATE = /[\ud800-\udfff]/;

/** @returns the text's characters, one string each */
export function characters(text: string): string[] {
  return SURROGATE.test(text) ? Array.from(text) : text.split("");
}

/** @returns `len(text)` */
export function characterCount(text: string): number {
  return SURROGATE.test(text) ? Array.from(text).length : text.length;
}

/** @returns the number of characters before an offset in UTF-16 units */
export function characterIndex(text: string, offset: number): number {
  return characterCount(text.slice(0, offset));
}

/** @returns below, above or equal to 0, as Python orders texts */
export function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  if (!SURROGATE.test(a) && !SURROGATE.test(b)) return a < b ? -1 : 1;
  const [left, right] = [Array.from(a), Array.from(b)];
  const at = left.findIndex((char, i) => char !== right[i]);
  if (at < 0) return left.length - right.length;
  return at < right.length ? left[at]!.codePointAt(0)! - right[at]!.codePointAt(0)! : 1;
}
