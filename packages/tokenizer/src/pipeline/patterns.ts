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
  if (config?.Regex !== undefined) return translateOniguruma(config.Regex);
  if (config?.String !== undefined) return translateLiteral(config.String);
  throw new Error(`a pattern must have String or Regex, found ${JSON.stringify(config)}`);
}

/** Puts a text in place of each match. As in Rust, nothing is matched right behind a match. */
export function replaceMatches(text: string, pattern: RegExp, content: string): string {
  let hasEmpty = false;
  // A function, because "$" in a replacement text has a meaning.
  const replaced = text.replace(pattern, (match) => {
    hasEmpty ||= match === "";
    return content;
  });
  return hasEmpty ? replaceWithEmpty(text, pattern, content) : replaced;
}

function replaceWithEmpty(text: string, pattern: RegExp, content: string): string {
  let result = "";
  let from = 0;
  let isBehind = false;
  for (const { index, 0: match } of text.matchAll(pattern)) {
    if (match === "" && index === from && isBehind) continue;
    result += text.slice(from, index) + content;
    from = index + match.length;
    isBehind = true;
  }
  return result + text.slice(from);
}
