// The pre-tokenizers of tokenizer.json as stages, each of which may change a piece of text and then cuts it into smaller ones.
import { characterSpelling } from "../byte-level.js";
import { type Cutter, patternCutter } from "../cutting/cutter.js";
import { NotCovered } from "../not-covered.js";
import { PUNCTUATION } from "../pipeline/older-unicode.js";
import { patternSource } from "../pipeline/patterns.js";
import { metaspaces, type PreTokenizerConfig, WHITESPACE, WORDS } from "../pipeline/pre-tokenizers.js";

export interface Stage {
  /** What becomes of a piece before it is cut. `atStart`: it begins where the whole text does. */
  readonly prepare?: (piece: string, atStart: boolean) => string;
  readonly cutter?: Cutter;
}

export interface PreTokenizer {
  readonly stages: readonly Stage[];
  /** What the model's smallest tokens stand for: the bytes of the pieces' UTF-8, or their characters. */
  readonly units: "bytes" | "characters";
}

/** GPT-2's way, which a ByteLevel pre-tokenizer has built in. */
const GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
const NUMBER = "\\p{N}";

/** @throws NotCovered */
export function createPreTokenizer(config: PreTokenizerConfig | null | undefined): PreTokenizer {
  const steps = config ? flatten(config) : [];
  const stages: Stage[] = [];
  let isSpelt = false;
  for (const [i, step] of steps.entries()) {
    if (step.type !== "ByteLevel") {
      if (step.type === "Metaspace" && step.prepend_scheme === "first" && i > 0) {
        throw new NotCovered("a Metaspace that begins the first piece only, after another pre-tokenizer");
      }
      stages.push(stageOf(step));
      continue;
    }
    stages.push(...byteLevel(step));
    if (i === steps.length - 1) return { stages, units: "bytes" };
    // What follows sees bytes spelt as characters (Falcon), and so does the model.
    if (isSpelt) throw new NotCovered("two ByteLevel pre-tokenizers");
    isSpelt = true;
    stages.push({ prepare: characterSpelling });
  }
  return { stages, units: "characters" };
}

function flatten(config: PreTokenizerConfig): PreTokenizerConfig[] {
  if (config.type === "Sequence") return (config.pretokenizers ?? []).flatMap(flatten);
  return config.type === "BertPreTokenizer" ? [{ type: "WhitespaceSplit" }, { type: "Punctuation" }] : [config];
}

function byteLevel({ add_prefix_space: addsSpace = true, use_regex: cuts = true }: PreTokenizerConfig): Stage[] {
  if (!addsSpace && !cuts) return [];
  return [
    {
      ...(addsSpace && { prepare: (piece: string) => (piece.startsWith(" ") ? piece : ` ${piece}`) }),
      ...(cuts && { cutter: patternCutter(patternSource({ Regex: GPT2 }), "Isolated") }),
    },
  ];
}

function stageOf(config: PreTokenizerConfig): Stage {
  switch (config.type) {
    case "Split":
      return { cutter: patternCutter(patternSource(config.pattern), config.behavior ?? "", config.invert) };
    case "Digits":
      return { cutter: patternCutter(NUMBER, config.individual_digits ? "Isolated" : "Contiguous") };
    case "Punctuation":
      return { cutter: patternCutter(PUNCTUATION.source, config.behavior ?? "Isolated") };
    case "Whitespace":
      return { cutter: patternCutter(WORDS.source, "Removed", true) };
    case "WhitespaceSplit":
      return { cutter: patternCutter(WHITESPACE.source, "Removed") };
    case "CharDelimiterSplit":
      return { cutter: patternCutter(patternSource({ String: config.delimiter ?? "" }), "Removed") };
    case "Metaspace":
      return metaspace(config);
    default:
      throw new NotCovered(`the pre-tokenizer ${config.type}`);
  }
}

function metaspace(config: PreTokenizerConfig): Stage {
  const { mark, marked } = metaspaces(config);
  const cuts = config.split ?? true;
  return {
    prepare: marked,
    ...(cuts && { cutter: patternCutter(patternSource({ String: mark }), "MergedWithNext") }),
  };
}
