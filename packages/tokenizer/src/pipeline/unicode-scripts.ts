// Cuts text where the script changes (tokenizers' pre_tokenizers/unicode_scripts, after SentencePiece's unicode_script.cc).
import { Cutter } from "../cutting/cutter.js";

// Japanese and Chinese count as one, and so does the sound mark, which belongs to no single script.
const JAPANESE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u30FC]/u;
const COMMON = /\p{Script=Common}/u;
const INHERITED = /\p{Script=Inherited}/u;
const OTHERS =
  "Latin Cyrillic Greek Arabic Hebrew Devanagari Hangul Thai Bengali Tamil Telugu Gujarati Kannada Malayalam Gurmukhi Oriya Sinhala Lao Tibetan Myanmar Georgian Armenian Ethiopic Khmer Mongolian Bopomofo Yi Cherokee Canadian_Aboriginal Syriac Thaana Nko Runic Ogham Coptic Gothic Braille Tagalog Hanunoo Buhid Tagbanwa Limbu Tai_Le New_Tai_Lue Buginese Glagolitic Tifinagh Syloti_Nagri Balinese Javanese Sundanese Lepcha Ol_Chiki Vai Cham Saurashtra Kayah_Li Rejang Lisu Bamum Meetei_Mayek Tai_Tham Tai_Viet Samaritan Mandaic Batak Phags_Pa Egyptian_Hieroglyphs Cuneiform Deseret Osage"
    .split(" ")
    .map((name) => [name, new RegExp(`\\p{Script=${name}}`, "u")] as const);

/** Scripts of characters that were seen. */
const known = new Map<string, string>([[" ", ""]]);

export class ScriptCutter extends Cutter {
  next(text: string, from: number): number {
    let script = "";
    let at = from;
    while (at < text.length) {
      const char = String.fromCodePoint(text.codePointAt(at)!);
      const next = scriptOf(char);
      // What stands before the first script is lost, as in the Rust library.
      if (next !== "" && script === "" && at > from) return ~at;
      if (next !== "" && script !== "" && next !== script) return at;
      if (next !== "") script = next;
      at += char.length;
    }
    return script === "" ? ~at : at;
  }
}

/** "" for what belongs to any script: a space, and what Unicode has not assigned. */
function scriptOf(char: string): string {
  const seen = known.get(char);
  if (seen !== undefined) return seen;
  const script = lookUp(char);
  known.set(char, script);
  return script;
}

function lookUp(char: string): string {
  if (JAPANESE.test(char)) return "Japanese";
  if (COMMON.test(char)) return "Common";
  if (INHERITED.test(char)) return "Inherited";
  return OTHERS.find(([, pattern]) => pattern.test(char))?.[0] ?? "";
}
