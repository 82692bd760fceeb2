// SentencePiece-like decoders (Llama 2, Mistral, Gemma, T5): pieces with a mark for the space, byte tokens `<0xE2>` for what the
// vocabulary lacks, and a leading space that encoding added and decoding takes away.
import type { TextStream, TokenSource } from "./text-stream.js";
import type { DecoderConfig } from "./tokenizer-json.js";
import { Utf8Stream } from "./utf8-stream.js";

const BYTE_TOKEN = /^<0x([0-9a-fA-F]{2})>$/;

/** What a decoder does to pieces, as far as this file knows how. */
export interface PieceRules {
  /** Replacements inside each piece, in order. */
  readonly replace: readonly { readonly pattern: string; readonly content: string }[];
  /** A character that is dropped wherever it stands in the first piece (Metaspace), or null. */
  readonly dropInFirst: string | null;
  readonly byteFallback: boolean;
  /** Up to `count` of this character are taken from the start of the text. */
  readonly strip: { readonly character: string; readonly count: number };
}

/** @returns the rules of a Metaspace decoder or of a sequence Replace, ByteFallback, Fuse, Strip; null for anything else */
export function pieceRules(decoder: DecoderConfig | null): PieceRules | null {
  if (decoder?.type === "Metaspace") {
    const mark = decoder.replacement ?? "\u2581";
    const dropInFirst = decoder.prepend_scheme === "never" ? null : mark;
    return {
      replace: [{ pattern: mark, content: " " }],
      dropInFirst,
      byteFallback: false,
      strip: { character: "", count: 0 },
    };
  }
  if (decoder?.type !== "Sequence") return null;
  const steps = [...(decoder.decoders ?? [])];
  const replace: { pattern: string; content: string }[] = [];
  while (steps[0]?.type === "Replace") {
    const pattern = steps[0].pattern?.String;
    if (!pattern) return null;
    replace.push({ pattern, content: steps[0].content ?? "" });
    steps.shift();
  }
  const byteFallback = steps[0]?.type === "ByteFallback";
  if (byteFallback) steps.shift();
  const fused = steps[0]?.type === "Fuse";
  if (fused) steps.shift();
  let strip = { character: "", count: 0 };
  // Before Fuse, Strip would work on each piece.
  if (fused && steps[0]?.type === "Strip" && !steps[0].stop) {
    strip = { character: steps[0].content ?? "", count: steps[0].start ?? 0 };
    steps.shift();
  }
  return steps.length === 0 ? { replace, dropInFirst: null, byteFallback, strip } : null;
}

/** Each token as its piece of text, or as a byte. Shared by all streams of a tokenizer. */
export class PieceVocabulary {
  readonly rules: PieceRules;
  readonly #source: TokenSource;
  readonly #pieces: (string | number | undefined)[];

  constructor(source: TokenSource, rules: PieceRules) {
    this.rules = rules;
    this.#source = source;
    this.#pieces = new Array(source.vocabSize);
  }

  /** The text of the token, or its byte; undefined for an id without a token. */
  pieceOf(id: number): string | number | undefined {
    const known = this.#pieces[id];
    if (known !== undefined) return known;
    const token = this.#source.tokenOf(id);
    if (token === undefined) return undefined;
    const byte = this.rules.byteFallback ? BYTE_TOKEN.exec(token) : null;
    const piece = byte ? Number.parseInt(byte[1]!, 16) : this.#replaced(token);
    this.#pieces[id] = piece;
    return piece;
  }

  /** The byte that a byte token stands for. */
  bytesOf(id: number): Uint8Array | null {
    const piece = this.pieceOf(id);
    return typeof piece === "number" ? Uint8Array.of(piece) : null;
  }

  firstPieceOf(id: number): string | number | undefined {
    const { dropInFirst } = this.rules;
    const token = dropInFirst === null ? undefined : this.#source.tokenOf(id);
    return token === undefined ? this.pieceOf(id) : this.#replaced(token.replaceAll(dropInFirst!, ""));
  }

  #replaced(token: string): string {
    return this.rules.replace.reduce((text, { pattern, content }) => text.replaceAll(pattern, content), token);
  }
}

/**
 * Byte tokens decode as UTF-8 across pieces. Where they are invalid, each bad sequence becomes one U+FFFD as in any UTF-8
 * decoder; the tokenizers library spoils the whole run of byte tokens, which nobody can know before the run ends.
 */
export class PieceStream implements TextStream {
  readonly #vocabulary: PieceVocabulary;
  readonly #utf8 = new Utf8Stream();
  #first = true;
  #toStrip: number;

  constructor(vocabulary: PieceVocabulary) {
    this.#vocabulary = vocabulary;
    this.#toStrip = vocabulary.rules.strip.count;
  }

  push(id: number): string {
    const piece = this.#first ? this.#vocabulary.firstPieceOf(id) : this.#vocabulary.pieceOf(id);
    if (piece === undefined) return "";
    this.#first = false;
    const text = typeof piece === "number" ? this.#utf8.push(piece) : this.#utf8.finish() + piece;
    return this.#toStrip > 0 ? this.#strip(text) : text;
  }

  finish(): string {
    return this.#utf8.finish();
  }

  #strip(text: string): string {
    let from = 0;
    while (this.#toStrip > 0 && from < text.length) {
      if (text[from] !== this.#vocabulary.rules.strip.character) {
        this.#toStrip = 0;
        break;
      }
      from += 1;
      this.#toStrip -= 1;
    }
    return text.slice(from);
  }
}
