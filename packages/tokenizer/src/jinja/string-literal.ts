// The escapes of a string literal, as Python's "unicode-escape" reads them: an unknown one stays as it is.

const ESCAPE = /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([xuUN])|(\n|.))/gs;

const NAMED: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  b: "\b",
  f: "\f",
  v: "\v",
  a: "\x07",
  "\\": "\\",
  "'": "'",
  '"': '"',
  "\n": "",
};

/** @param text between the quotes @throws SyntaxError of a `\x`, `\u` or `\U` without its digits, and of `\N` */
export function unescaped(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(ESCAPE, (all, octal, two, four, eight, broken, char: string) => {
    if (broken !== undefined) throw new SyntaxError(`the escape ${all} lacks its digits, or is not supported`);
    if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
    const hex = two ?? four ?? eight;
    return hex === undefined ? (NAMED[char] ?? all) : codePoint(Number.parseInt(hex, 16));
  });
}

function codePoint(code: number): string {
  if (code > 0x10ffff) throw new SyntaxError(`\\U${code.toString(16)} is no character`);
  return String.fromCodePoint(code);
}
