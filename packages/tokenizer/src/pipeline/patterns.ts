// Patterns of tokenizer.json as JavaScript's. Its regular expressions are Oniguruma's, which the library knows how to rewrite.
import * as huggingface from "@huggingface/tokenizers";

/** `{ String }` or `{ Regex }` */
export interface PatternConfig {
  readonly String?: string;
  readonly Regex?: string;
}

// The library's declarations import without file extensions, so TypeScript finds no types behind them.
const { ReplaceNormalizer } = huggingface as unknown as {
  ReplaceNormalizer: new (config: { pattern: PatternConfig }) => { readonly pattern: RegExp | null };
};

/** @returns a global pattern @throws Error for neither kind, or a syntax that cannot be rewritten */
export function compilePattern(pattern: PatternConfig | undefined): RegExp {
  if (typeof pattern?.String === "string")
    return new RegExp(pattern.String.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"), "gu");
  if (typeof pattern?.Regex !== "string")
    throw new Error(`a pattern must have String or Regex, found ${JSON.stringify(pattern)}`);
  return new ReplaceNormalizer({ pattern }).pattern!;
}
