// The pre-tokenizers of tokenizer.json as stages, each of which may change a piece of text and then cuts it into smaller ones, as Hugging
// Face's tokenizers (Rust) does.
import { characterSpelling } from "../byte-level.js";
import { type Cutter, patternCutter } from "../cutting/cutter.js";
import type { Stage } from "../cutting/piece-cursor.js";
import { PUNCTUATION } from "./older-unicode.js";
import { type PatternConfig, patternSource } from "./patterns.js";
import { ScriptCutter } from "./unicode-scripts.js";

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

export interface PreTokenizer {
  readonly stages: readonly Stage[];
  /** What the pieces are to the model: texts that stand for the bytes of their UTF-8, or for themselves. */
  readonly units: "bytes" | "characters";
}

/** GPT-2's way, which a ByteLevel pre-tokenizer has built in. */
const GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
// Rust's \w; and White_Space, because JavaScript's \s has U+FEFF and lacks U+0085.
const WORD = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}";
/** Runs of letters and digits, and of what is neither these nor whitespace. */
const WORDS = `[${WORD}]+|[^${WORD}\\p{White_Space}]+`;
const WHITESPACE = "\\p{White_Space}+";
const NUMBER = "\\p{N}";

const MAKERS: ReadonlyMap<string, (config: PreTokenizerConfig) => Stage> = new Map([
  ["Whitespace", () => by(patternCutter(WORDS, "Removed", true))],
  ["WhitespaceSplit", () => by(patternCutter(WHITESPACE, "Removed"))],
  ["Punctuation", ({ behavior }) => by(patternCutter(PUNCTUATION.source, behavior))],
  ["Digits", ({ individual_digits: single }) => by(patternCutter(NUMBER, single ? "Isolated" : "Contiguous"))],
  ["CharDelimiterSplit", ({ delimiter = "" }) => by(patternCutter(patternSource({ String: delimiter }), "Removed"))],
  ["Split", ({ pattern, behavior, invert }) => by(patternCutter(patternSource(pattern), behavior, invert))],
  ["UnicodeScripts", () => by(new ScriptCutter())],
  ["FixedLength", ({ length = 5 }) => by(patternCutter(`[\\s\\S]{1,${Math.trunc(length)}}`))],
  ["Metaspace", metaspace],
  ["ByteLevel", byteLevel],
]);

/**
 * @param takesBytes whether the model itself takes texts for their bytes; otherwise these are spelt out as characters
 * @throws Error for a kind that Octavo lacks, or a pattern that cannot be used
 */
export function createPreTokenizer(config: PreTokenizerConfig | null | undefined, takesBytes: boolean): PreTokenizer {
  const steps = config ? flatten(config) : [];
  const units = takesBytes && steps.at(-1)?.type === "ByteLevel" ? "bytes" : "characters";
  const stages = steps.flatMap((step, i) => {
    const make = MAKERS.get(step.type ?? "");
    if (!make) throw new Error(`its pre_tokenizer ${JSON.stringify(step.type)} is unknown`);
    const isSpelt = step.type === "ByteLevel" && (i < steps.length - 1 || units === "characters");
    // What follows sees bytes spelt as characters (Falcon).
    return isSpelt ? [make(step), { prepare: characterSpelling }] : [make(step)];
  });
  return { stages: stages.filter((stage) => stage.prepare || stage.cutter), units };
}

function flatten(config: PreTokenizerConfig): PreTokenizerConfig[] {
  if (config.type === "Sequence") return (config.pretokenizers ?? []).flatMap(flatten);
  return config.type === "BertPreTokenizer" ? [{ type: "WhitespaceSplit" }, { type: "Punctuation" }] : [config];
}

function by(cutter: Cutter): Stage {
  return { cutter };
}

function byteLevel({ add_prefix_space: addsSpace = true, use_regex: cuts = true }: PreTokenizerConfig): Stage {
  return {
    ...(addsSpace && { prepare: (piece: string) => (piece.startsWith(" ") ? piece : ` ${piece}`) }),
    ...(cuts && { cutter: patternCutter(patternSource({ Regex: GPT2 })) }),
  };
}

function metaspace(config: PreTokenizerConfig): Stage {
  const { replacement: mark = "\u2581", split: cuts = true } = config;
  const scheme = config.prepend_scheme ?? (config.add_prefix_space === false ? "never" : "always");
  return {
    prepare: (piece, atStart) => {
      const replaced = piece.replaceAll(" ", mark);
      const prepends = scheme === "always" || (scheme === "first" && atStart);
      return prepends && !replaced.startsWith(mark) ? mark + replaced : replaced;
    },
    ...(cuts && { cutter: patternCutter(patternSource({ String: mark }), "MergedWithNext") }),
  };
}
