// The normalizers of tokenizer.json, as Hugging Face's tokenizers apply them.
import { NotCovered } from "./not-covered.js";
import { compilePattern, type PatternConfig } from "./patterns.js";

export interface NormalizerConfig {
  readonly type?: string;
  readonly normalizers?: readonly NormalizerConfig[];
  readonly pattern?: PatternConfig;
  readonly content?: string;
  readonly prepend?: string;
  readonly strip_left?: boolean;
  readonly strip_right?: boolean;
}

export type Normalizer = (text: string) => string;

/** @returns null where a text stays as it is @throws NotCovered */
export function createNormalizer(config: NormalizerConfig | null | undefined): Normalizer | null {
  if (!config) return null;
  switch (config.type) {
    case "Sequence": {
      const steps = (config.normalizers ?? []).map(createNormalizer).filter((step) => step !== null);
      if (steps.length < 2) return steps[0] ?? null;
      return (text) => steps.reduce((result, step) => step(result), text);
    }
    case "NFC":
    case "NFD":
    case "NFKC":
    case "NFKD": {
      const { type } = config;
      return (text) => text.normalize(type);
    }
    case "Replace":
      return replace(config);
    case "Prepend": {
      const { prepend = "" } = config;
      return (text) => (text === "" ? text : prepend + text);
    }
    case "Lowercase":
      // Character by character: a sigma at a word's end is no special case.
      return (text) => text.replaceAll("Σ", "σ").toLowerCase();
    case "StripAccents":
      return (text) => text.replace(/\p{M}/gu, "");
    case "Strip":
      return strip(config);
    default:
      throw new NotCovered(`the normalizer ${config.type}`);
  }
}

function replace({ pattern, content = "" }: NormalizerConfig): Normalizer {
  const literal = pattern?.String;
  if (literal) return (text) => text.replaceAll(literal, () => content);
  const compiled = compilePattern(pattern, "g");
  return (text) => text.replaceAll(compiled, () => content);
}

function strip({ strip_left: left = true, strip_right: right = true }: NormalizerConfig): Normalizer {
  return (text) => {
    const from = left ? (/^\p{White_Space}*/u.exec(text)?.[0].length ?? 0) : 0;
    let to = text.length;
    while (right && to > from && /\p{White_Space}/u.test(text[to - 1]!)) to -= 1;
    return text.slice(from, to);
  };
}
