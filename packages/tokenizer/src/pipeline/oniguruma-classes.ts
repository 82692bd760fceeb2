// Oniguruma's names for sets of characters and places, in JavaScript's syntax with the v flag.

/** Unicode's properties, because JavaScript's own \s, \d and \w mean others. */
export const CLASSES: Readonly<Record<string, string>> = {
  s: "\\p{White_Space}",
  S: "\\P{White_Space}",
  d: "\\p{Nd}",
  D: "\\P{Nd}",
  h: "[0-9A-Fa-f]",
  H: "[^0-9A-Fa-f]",
  w: "[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}]",
  W: "[^\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}]",
};
/** Outside of classes Oniguruma has a table of its own for Latin-1, where superscript digits and fractions belong to words. */
export const WORDS: Readonly<Record<string, string>> = {
  w: "[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u{b2}\\u{b3}\\u{b9}\\u{bc}-\\u{be}]",
  W: "[^\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u{b2}\\u{b3}\\u{b9}\\u{bc}-\\u{be}]",
};

/** Members of `[:alpha:]` and its like. */
export const BRACKETS: Readonly<Record<string, string>> = {
  alnum: "\\p{Alphabetic}\\p{Nd}",
  alpha: "\\p{Alphabetic}",
  blank: "\\p{Zs}\\t",
  cntrl: "\\p{Cc}",
  digit: "\\p{Nd}",
  lower: "\\p{Lowercase}",
  punct: "\\p{P}\\p{S}",
  space: "\\p{White_Space}",
  upper: "\\p{Uppercase}",
  word: "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}",
  xdigit: "0-9A-Fa-f",
};

/** By the letter behind the backslash. */
export const ANCHORS: Readonly<Record<string, string>> = {
  A: "(?<![\\s\\S])",
  b: `(?:(?<=${WORDS.w})(?!${WORDS.w})|(?<!${WORDS.w})(?=${WORDS.w}))`,
  B: `(?:(?<=${WORDS.w})(?=${WORDS.w})|(?<!${WORDS.w})(?!${WORDS.w}))`,
  z: "(?![\\s\\S])",
  Z: "(?=\\n?(?![\\s\\S]))",
};
