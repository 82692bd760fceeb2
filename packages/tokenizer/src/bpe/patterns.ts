// A pattern of tokenizer.json: a text, or a regular expression.
import { NotCovered } from "./not-covered.js";
import { translateLiteral, translateOniguruma } from "./oniguruma.js";

export interface PatternConfig {
  readonly String?: string;
  readonly Regex?: string;
}

/** @param flags beside v @throws NotCovered */
export function compilePattern(config: PatternConfig | undefined, flags: string): RegExp {
  return new RegExp(patternSource(config), `v${flags}`);
}

/** The pattern in JavaScript's syntax. @throws NotCovered */
export function patternSource(config: PatternConfig | undefined): string {
  if (config?.Regex) return translateOniguruma(config.Regex);
  if (config?.String) return translateLiteral(config.String);
  throw new NotCovered("a pattern that is empty");
}
