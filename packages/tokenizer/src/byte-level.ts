// Byte-level BPE (GPT-2, Llama 3, Qwen, Pocket): each character of a token stands for one byte, and a token may end in the
// middle of a UTF-8 sequence. Tokens of whole characters, nearly all of them, become a string once and are then looked up.
import { isUtf8 } from "node:buffer";
import type { TextStream, TokenSource } from "./text-stream.js";
import type { DecoderConfig } from "./tokenizer-json.js";
import { Utf8Stream } from "./utf8-stream.js";

/** By byte. */
export const CHARACTER_OF_BYTE: readonly string[] = byteCharacters();

export const UNIT_OF_BYTE = Uint16Array.from(CHARACTER_OF_BYTE, (char) => char.charCodeAt(0));

const BYTE_OF_CHARACTER: ReadonlyMap<number, number> = new Map(
  CHARACTER_OF_BYTE.map((char, byte) => [char.charCodeAt(0), byte]),
);

/** Whether a decoder is byte-level and nothing else. */
export function isByteLevel(decoder: DecoderConfig | null): boolean {
  if (decoder?.type === "Sequence") return decoder.decoders?.length === 1 && isByteLevel(decoder.decoders[0] ?? null);
  return decoder?.type === "ByteLevel";
}

/** The bytes of each token. Shared by all streams of a tokenizer. */
export class ByteLevelVocabulary {
  readonly #source: TokenSource;
  /** By id: the text, or null where the token is not whole characters; filled when an id is first seen. */
  readonly #texts: (string | null | undefined)[];

  constructor(source: TokenSource) {
    this.#source = source;
    this.#texts = new Array(source.vocabSize);
  }

  /** The token's text when it consists of whole characters, else null. "" for an id without a token. */
  textOf(id: number): string | null {
    const known = this.#texts[id];
    if (known !== undefined) return known;
    const token = this.#source.tokenOf(id);
    if (token === undefined) return "";
    let text: string | null = token;
    if (!this.#source.isAdded(id)) {
      const bytes = this.bytesOf(id);
      text = isUtf8(bytes) ? Buffer.from(bytes).toString("utf8") : null;
    }
    this.#texts[id] = text;
    return text;
  }

  bytesOf(id: number): Uint8Array {
    return bytesOfToken(this.#source.tokenOf(id) ?? "");
  }
}

export class ByteLevelStream implements TextStream {
  readonly #vocabulary: ByteLevelVocabulary;
  readonly #utf8 = new Utf8Stream();

  constructor(vocabulary: ByteLevelVocabulary) {
    this.#vocabulary = vocabulary;
  }

  push(id: number): string {
    const whole = this.#vocabulary.textOf(id);
    if (whole !== null) return whole === "" || !this.#utf8.pending ? whole : this.#utf8.finish() + whole;
    let text = "";
    for (const byte of this.#vocabulary.bytesOf(id)) text += this.#utf8.push(byte);
    return text;
  }

  finish(): string {
    return this.#utf8.finish();
  }
}

/** The bytes that a token's characters stand for. */
export function bytesOfToken(token: string): Uint8Array {
  const bytes = new Uint8Array(token.length);
  for (let i = 0; i < token.length; i++) {
    const byte = BYTE_OF_CHARACTER.get(token.charCodeAt(i));
    // As in the tokenizers library: a token with any other character is its own text.
    if (byte === undefined) return Buffer.from(token, "utf8");
    bytes[i] = byte;
  }
  return bytes;
}

/** A text with a character for each byte of its UTF-8. */
export function characterSpelling(text: string): string {
  return byteSpelling(Buffer.from(text, "utf8"));
}

/** A text with a character for each byte. */
export function byteSpelling(bytes: Uint8Array): string {
  let spelling = "";
  for (const byte of bytes) spelling += CHARACTER_OF_BYTE[byte]!;
  return spelling;
}

/** GPT-2's table: printable Latin-1 characters stand for themselves, the other bytes for U+0100 and up, in order. */
function byteCharacters(): string[] {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
    return String.fromCharCode(printable ? byte : next++);
  });
}
