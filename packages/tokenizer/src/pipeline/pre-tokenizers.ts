// The pre-tokenizers of tokenizer.json, as Hugging Face's tokenizers (Rust) cuts text. ByteLevel is the byte-level encoder's.
import { PUNCTUATION } from "./older-unicode.js";
import { compilePattern, type PatternConfig } from "./patterns.js";
import { type Section, type SplitBehavior, splitBehavior, splitText } from "./split-text.js";
import { splitByScript } from "./unicode-scripts.js";

export type PreTokenizer = (section: Section) => Section[];

export interface PreTokenizerConfig {
  readonly type?: string;
  readonly pretokenizers?: readonly PreTokenizerConfig[];
  readonly pattern?: PatternConfig;
  readonly behavior?: string;
  readonly invert?: boolean;
  readonly individual_digits?: boolean;
  readonly delimiter?: string;
  readonly length?: number;
  readonly replacement?: string;
  readonly prepend_scheme?: string;
  readonly add_prefix_space?: boolean;
  readonly split?: boolean;
  readonly use_regex?: boolean;
}

// Rust's \w; and White_Space, because JavaScript's \s has U+FEFF and lacks U+0085.
const WORD = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}";
/** Runs of letters and digits, and of what is neither these nor whitespace. */
export const WORDS = new RegExp(`[${WORD}]+|[^${WORD}\\p{White_Space}]+`, "gu");
export const WHITESPACE = /\p{White_Space}+/gu;
const MAKERS: ReadonlyMap<string, (config: PreTokenizerConfig) => PreTokenizer> = new Map([
  ["Sequence", ({ pretokenizers = [] }) => sequence(pretokenizers.map(createPreTokenizer))],
  ["Whitespace", () => (section: Section) => splitText(section, WORDS, "Removed", true)],
  ["WhitespaceSplit", () => (section: Section) => splitText(section, WHITESPACE, "Removed")],
  ["BertPreTokenizer", () => sequence([by(WHITESPACE, "Removed"), by(PUNCTUATION, "Isolated")])],
  ["Punctuation", ({ behavior }) => by(PUNCTUATION, splitBehavior(behavior, "Isolated"))],
  ["Digits", ({ individual_digits: single }) => by(/\p{N}/gu, single ? "Isolated" : "Contiguous")],
  ["CharDelimiterSplit", ({ delimiter }) => by(compilePattern({ String: delimiter ?? "" }), "Removed")],
  ["Split", split],
  ["Metaspace", metaspace],
  ["UnicodeScripts", () => splitByScript],
  ["FixedLength", ({ length = 5 }) => by(new RegExp(`.{1,${Math.trunc(length)}}`, "gsu"), "Isolated")],
]);

/** @throws Error for a kind that Octavo lacks, or a pattern that cannot be used */
export function createPreTokenizer(config: PreTokenizerConfig): PreTokenizer {
  const make = MAKERS.get(config.type ?? "");
  if (!make) throw new Error(`its pre_tokenizer ${JSON.stringify(config.type)} is unknown`);
  return make(config);
}

function by(pattern: RegExp, behavior: SplitBehavior, invert = false): PreTokenizer {
  return (section) => splitText(section, pattern, behavior, invert);
}

function sequence(steps: readonly PreTokenizer[]): PreTokenizer {
  return (section) => steps.reduce((sections, step) => sections.flatMap(step), [section]);
}

function split({ pattern, behavior, invert = false }: PreTokenizerConfig): PreTokenizer {
  return by(compilePattern(pattern), splitBehavior(behavior, "Isolated"), invert);
}

function metaspace(config: PreTokenizerConfig): PreTokenizer {
  const { mark, marked } = metaspaces(config);
  const pattern = compilePattern({ String: mark });
  return ({ text, atStart }) => {
    if (text === "") return [];
    const section = { text: marked(text, atStart), atStart };
    return (config.split ?? true) ? splitText(section, pattern, "MergedWithNext") : [section];
  };
}

/** What Metaspace puts for spaces, and a text with it. */
export function metaspaces(config: PreTokenizerConfig) {
  const { replacement: mark = "\u2581" } = config;
  const scheme = config.prepend_scheme ?? (config.add_prefix_space === false ? "never" : "always");
  const marked = (text: string, atStart: boolean): string => {
    const replaced = text.replaceAll(" ", mark);
    const prepends = scheme === "always" || (scheme === "first" && atStart);
    return prepends && !replaced.startsWith(mark) ? mark + replaced : replaced;
  };
  return { mark, marked };
}
