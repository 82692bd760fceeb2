// SentencePiece's normalizer (normalizer.cc): characters by the model's own map, the longest key first, then spaces.
import { AddedTokenSplitter } from "../pipeline/added-token-splitter.js";
import { Charsmap } from "../pipeline/charsmap.js";

/** The space in pieces. */
export const SPACE_MARK = "\u2581";

/** In the `normalizer` of a tokenizer that was read from a SentencePiece file. */
export interface PieceNormalizerConfig {
  readonly type: "SentencePiece";
  /** Base64; "": none. */
  readonly precompiled_charsmap: string;
  /** Where a space is put before a text: of every part between added tokens, of the whole text, or not. */
  readonly prepend_scheme: "always" | "first" | "never";
  readonly remove_extra_whitespaces: boolean;
  readonly escape_whitespaces: boolean;
  /** Texts that stay as they are. */
  readonly user_defined: readonly string[];
}

export function pieceNormalizer(
  config: PieceNormalizerConfig,
  file: string,
): (text: string, atStart: boolean) => string {
  const { prepend_scheme: scheme, remove_extra_whitespaces: squeezes } = config;
  const space = config.escape_whitespaces ? SPACE_MARK : " ";
  const map = characters(config, file);
  return (text, atStart) => {
    if (text === "") return "";
    let result = map(text);
    if (squeezes) result = result.replace(/^ +/, "").replace(/ {2,}/g, " ");
    if (space !== " ") result = result.replaceAll(" ", space);
    if (scheme === "always" || (scheme === "first" && atStart)) result = space + result;
    return squeezes ? trimEnd(result, space) : result;
  };
}

function characters(config: PieceNormalizerConfig, file: string): (text: string) => string {
  const { precompiled_charsmap: encoded, user_defined: fixed } = config;
  if (encoded === "") return (text) => text;
  const charsmap = new Charsmap(Buffer.from(encoded, "base64"), file, "normalizer_spec.precompiled_charsmap");
  if (fixed.length === 0) return (text) => mapped(charsmap, text);
  const splitter = new AddedTokenSplitter(fixed.map((content, id) => ({ id, content })));
  return (text) => {
    let result = "";
    for (const { start, end, id } of splitter.sections(text)) {
      result += id >= 0 ? fixed[id]! : mapped(charsmap, text.slice(start, end));
    }
    return result;
  };
}

function mapped(charsmap: Charsmap, text: string): string {
  const bytes = Buffer.from(text, "utf8");
  let result = "";
  let from = 0;
  for (let at = 0; at < bytes.length; ) {
    const match = charsmap.longest(bytes, at);
    if (match === null) {
      at += characterBytes(bytes[at]!);
      continue;
    }
    result += bytes.toString("utf8", from, at) + match.replacement;
    at = from = match.end;
  }
  return result + bytes.toString("utf8", from);
}

function characterBytes(first: number): number {
  if (first < 0x80) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}

function trimEnd(text: string, space: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === space) end -= 1;
  return text.slice(0, end);
}
