// A pattern of tokenizer.json: a text, or a regular expression.
import { translateLiteral, translateOniguruma } from "./oniguruma.js";

export interface PatternConfig {
  readonly String?: string;
  readonly Regex?: string;
}

/** @returns a global pattern @throws Error */
export function compilePattern(config: PatternConfig | undefined): RegExp {
  return new RegExp(patternSource(config), "vg");
}

/** The pattern in JavaScript's syntax. @throws Error */
export function patternSource(config: PatternConfig | undefined): string {
  if (config?.Regex) return translateOniguruma(config.Regex);
  if (config?.String) return translateLiteral(config.String);
  throw new Error(`a pattern must have String or Regex, found ${JSON.stringify(config)}`);
}
