// A mixed corpus of about 5 MB, the same for the same commit and Node.js: this repository's own text and code, names in all languages
// that Node.js knows, and random text of every script, emoji, whitespace and odd characters.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const SCRIPTS =
  "Latin Cyrillic Greek Arabic Hebrew Devanagari Bengali Gurmukhi Gujarati Oriya Tamil Telugu Kannada Malayalam Sinhala Thai Lao Tibetan Myanmar Georgian Hangul Ethiopic Cherokee Khmer Mongolian Hiragana Katakana Bopomofo Han Yi Armenian Coptic Gothic Deseret Nko Thaana Syriac Braille Cuneiform".split(
    " ",
  );
const LOCALES =
  "de fr es it pt pl cs ru uk bg el tr ar he fa ur hi bn ta te ml th lo my km ka hy am ko ja zh zh-Hant vi id fi hu et lv lt sv nb da nl ro sw yo zu ne si mn kk uz az".split(
    " ",
  );
const WHITESPACE = [
  " ",
  "  ",
  "   ",
  "\n",
  "\n\n",
  "\r\n",
  "\t",
  " \n",
  "\n ",
  "\u00a0",
  "\u3000",
  "\u2028",
  "\u0085",
  "\ufeff",
  "\v",
  "\f",
  "\u200b",
];
const ODD =
  "'s 'S 'T 'll 'LL 'Ve 'D 'ſ ' '' 'st don't DON'T it'S we'Re I'm x'y ½ ² ¼ Ⅷ ㈠ ٣ १२३ 1234567 3.14 1e10 0x1F ß ſ ŉ ǆ İ ı ﬁ Å Å é é ñ 각 각 가 ا ّ ـ ﷺ \u0301 a\u0301\u0327 \u202e x\u200dy \0 \x01 \x7f \u00ad \ufffd \ue000 \u{10ffff} \u{1d49c} 𝟘 𠀀 \u4e00 々 ー ゛ ・ “q” ‘s’ — … € $1 <s> </s> <unk> <pad> <0x0A> ▁ ▁▁ Ġ Ċ <|im_start|> <|eot_id|> <|begin_of_text|> <bos> <start_of_turn> <｜User｜> [INST] [/INST] <|endoftext|> <think> <tool_call> http://a.b/c?d=e&f=%20 a_b __c__ camelCase HTTPServer ABCdef ------ ====== ...... ////// ,,,, ((( ))) {{}} => != ==".split(
    " ",
  );

/** @param {number} [bytes] about so many */
export function mixedCorpus(bytes = 5e6) {
  const random = mulberry(7);
  const makers = [...repositoryTexts(), ...LOCALES.flatMap((locale) => localeTexts(locale))];
  const texts = [];
  let size = 0;
  const add = (text) => {
    texts.push(text);
    size += Buffer.byteLength(text);
  };
  for (const text of makers) add(text);
  const scripts = SCRIPTS.map(charactersOf);
  const emoji = charactersIn(/\p{Emoji_Presentation}/u);
  while (size < bytes) {
    add(scriptText(scripts[random(scripts.length)], random));
    add(emojiText(emoji, random));
    add(oddText(scripts, random));
    add(anyText(random));
  }
  return texts;
}

export function repositoryTexts(pattern = ["*.md", "*.ts", "*.cc", "*.cuh", "*.py", "*.mjs", "*.txt", "*.css"]) {
  const files = execFileSync("git", ["ls-files", "-z", ...pattern], { cwd: ROOT, encoding: "utf8" }).split("\0");
  return files
    .filter(Boolean)
    .map((file) => readFileSync(`${ROOT}${file}`, "utf8").slice(0, 20_000))
    .slice(0, 700);
}

function localeTexts(locale) {
  const regions = new Intl.DisplayNames([locale], { type: "region" });
  const languages = new Intl.DisplayNames([locale], { type: "language" });
  const codes = [];
  for (let a = 65; a < 91; a++) for (let b = 65; b < 91; b++) codes.push(String.fromCharCode(a, b));
  const names = codes.map((code) => regions.of(code)).filter((name, i) => name !== codes[i]);
  const tongues = codes.map((code) => languages.of(code.toLowerCase())).filter((name) => name.length > 2);
  const dates = [1, 2, 3].map((month) =>
    new Date(Date.UTC(2026, month, 7 * month)).toLocaleDateString(locale, { dateStyle: "full", timeZone: "UTC" }),
  );
  return [`${names.join(", ")}.\n${dates.join("; ")}`, tongues.join(" ")];
}

function scriptText(characters, random) {
  let text = "";
  for (let words = 5 + random(60); words > 0; words--) {
    for (let length = 1 + random(12); length > 0; length--) text += characters[random(characters.length)];
    text += random(6) === 0 ? ", " : random(30) === 0 ? "\n" : " ";
  }
  return text;
}

function emojiText(emoji, random) {
  let text = "";
  for (let i = 3 + random(20); i > 0; i--) {
    text += emoji[random(emoji.length)];
    const more = random(8);
    if (more === 0) text += `\u{200d}${emoji[random(emoji.length)]}`;
    else if (more === 1) text += String.fromCodePoint(0x1f3fb + random(5));
    else if (more === 2) text += "\ufe0f";
    else if (more === 3) text += String.fromCodePoint(0x1f1e6 + random(26), 0x1f1e6 + random(26));
    else if (more === 4) text += " ok ";
  }
  return text;
}

function oddText(scripts, random) {
  let text = "";
  for (let i = 5 + random(60); i > 0; i--) {
    const kind = random(5);
    if (kind === 0)
      text += WHITESPACE[random(WHITESPACE.length)].repeat(1 + (random(8) === 0 ? random(90) : random(3)));
    else if (kind === 1) text += ODD[random(ODD.length)] + " ".repeat(random(2));
    else if (kind === 2) text += String.fromCharCode(33 + random(94)).repeat(1 + (random(10) === 0 ? random(40) : 0));
    else if (kind === 3) text += random(10 ** (1 + random(9)));
    else {
      const characters = scripts[random(scripts.length)];
      for (let length = 1 + random(8); length > 0; length--) text += characters[random(characters.length)];
    }
  }
  return text;
}

/** Any assigned character but surrogates, most of them from the first plane. */
function anyText(random) {
  let text = "";
  while (text.length < 60) {
    const char = String.fromCodePoint(random(10) === 0 ? random(0x30000) : random(0x3000));
    // What a newer Unicode assigns is another kind of character to another library.
    if (/^\P{Cn}$/u.test(char) && !/^\p{Cs}$/u.test(char)) text += char;
  }
  return text;
}

function charactersOf(script) {
  return charactersIn(new RegExp(`\\p{Script=${script}}`, "u"));
}

function charactersIn(pattern) {
  const characters = [];
  for (let code = 0; code < 0x20000; code++) {
    if (code >= 0xd800 && code < 0xe000) continue;
    const char = String.fromCodePoint(code);
    if (pattern.test(char)) characters.push(char);
  }
  return characters;
}

function mulberry(seed) {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}
