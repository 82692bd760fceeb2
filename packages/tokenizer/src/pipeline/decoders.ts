// The decoders of tokenizer.json, each of which gives other tokens for a whole sequence of them (tokenizers' decoders).
import { isUtf8 } from "node:buffer";
import { bytesOfToken } from "../byte-level.js";
import type { DecoderConfig } from "../tokenizer-json.js";
import { compilePattern, replaceMatches } from "./patterns.js";

type Decoder = (tokens: readonly string[]) => string[];

const BYTE_TOKEN = /^<0x([0-9a-fA-F]{2})>$/;
/** What tokenizers' `cleanup` does to English, in its order. */
const CLEANUP: readonly (readonly [string, string])[] = [
  [" .", "."],
  [" ?", "?"],
  [" !", "!"],
  [" ,", ","],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [" do not", " don't"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
];

const MAKERS: ReadonlyMap<string, (config: DecoderConfig) => Decoder> = new Map([
  ["Sequence", sequence],
  ["ByteLevel", () => byteLevel],
  ["ByteFallback", () => byteFallback],
  ["Fuse", () => (tokens: readonly string[]) => [tokens.join("")]],
  ["Strip", strip],
  ["Replace", replace],
  ["Metaspace", metaspace],
  ["WordPiece", wordPiece],
  ["BPEDecoder", suffixed],
  ["CTC", ctc],
]);

/** @returns what makes a text of tokens @throws Error for a kind that Octavo lacks */
export function createDecoder(config: DecoderConfig | null): (tokens: readonly string[]) => string {
  if (config === null) return (tokens) => tokens.join(" ");
  const decode = decoderOf(config);
  return (tokens) => decode(tokens).join("");
}

function decoderOf(config: DecoderConfig): Decoder {
  const make = MAKERS.get(config.type ?? "");
  if (!make) throw new Error(`its decoder ${JSON.stringify(config.type)} is unknown`);
  return make(config);
}

function sequence({ decoders = [] }: DecoderConfig): Decoder {
  const steps = decoders.map(decoderOf);
  return (tokens) => steps.reduce((result, step) => step(result), [...tokens]);
}

function byteLevel(tokens: readonly string[]): string[] {
  return [Buffer.concat(tokens.map(bytesOfToken)).toString("utf8")];
}

function byteFallback(tokens: readonly string[]): string[] {
  const result: string[] = [];
  let bytes: number[] = [];
  const flush = (): void => {
    const run = Uint8Array.from(bytes);
    if (isUtf8(run)) result.push(Buffer.from(run).toString("utf8"));
    else result.push(...bytes.map(() => "\uFFFD"));
    bytes = [];
  };
  for (const token of tokens) {
    const byte = BYTE_TOKEN.exec(token);
    if (byte) {
      bytes.push(Number.parseInt(byte[1]!, 16));
      continue;
    }
    if (bytes.length > 0) flush();
    result.push(token);
  }
  if (bytes.length > 0) flush();
  return result;
}

function strip({ content = " ", start = 0, stop = 0 }: DecoderConfig): Decoder {
  return (tokens) =>
    tokens.map((token) => {
      const chars = [...token];
      let from = 0;
      while (from < start && chars[from] === content) from += 1;
      let to = chars.length;
      while (to > from && chars.length - to < stop && chars[to - 1] === content) to -= 1;
      return chars.slice(from, to).join("");
    });
}

function replace({ pattern, content = "" }: DecoderConfig): Decoder {
  const compiled = compilePattern(pattern);
  return (tokens) => tokens.map((token) => replaceMatches(token, compiled, content));
}

function metaspace({ replacement = "\u2581", prepend_scheme: scheme = "always" }: DecoderConfig): Decoder {
  return (tokens) => tokens.map((token, i) => token.replaceAll(replacement, i === 0 && scheme !== "never" ? "" : " "));
}

function wordPiece({ prefix = "##", cleanup: cleans = true }: DecoderConfig): Decoder {
  return (tokens) =>
    tokens.map((token, i) => {
      let text = token;
      if (i > 0) text = token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`;
      return cleans ? cleanup(text) : text;
    });
}

function suffixed({ suffix = "</w>" }: DecoderConfig): Decoder {
  return (tokens) => tokens.map((token, i) => token.replaceAll(suffix, i === tokens.length - 1 ? "" : " "));
}

function ctc(config: DecoderConfig): Decoder {
  const { pad_token: pad = "<pad>", word_delimiter_token: space = "|", cleanup: cleans = true } = config;
  return (tokens) =>
    tokens.flatMap((token, i) => {
      if (token === tokens[i - 1]) return [];
      const text = token.replaceAll(pad, "");
      const clean = cleans ? cleanup(text).replaceAll(space, " ") : text;
      return clean === "" ? [] : [clean];
    });
}

function cleanup(text: string): string {
  return CLEANUP.reduce((result, [from, to]) => result.replaceAll(from, to), text);
}
