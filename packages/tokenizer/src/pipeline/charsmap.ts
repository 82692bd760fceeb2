// SentencePiece's `precompiled_charsmap`: a Darts double-array trie from UTF-8 to offsets of replacements that end with a zero
// byte (sentencepiece's normalizer.cc and darts.h). It comes from a model's file, so every index is checked.
import { OctavoError } from "@octavo/core";

/** What a search found: where it ends in the text's bytes, and the replacement. */
export interface CharsmapMatch {
  readonly end: number;
  readonly replacement: string;
}

export class Charsmap {
  readonly #units: Uint32Array;
  readonly #replacements: Buffer;

  /** @throws CHECKPOINT for a length that lies; @param file and @param field for the message */
  constructor(blob: Uint8Array, file: string, field: string) {
    const bytes = Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength);
    const size = bytes.length < 4 ? -1 : bytes.readUInt32LE(0);
    if (size <= 0 || size % 4 !== 0 || size > bytes.length - 4) {
      const message = `cannot use ${file}: ${field} says that its trie takes ${size} bytes, it has ${bytes.length - 4}. Download it again.`;
      throw new OctavoError({ code: "CHECKPOINT", param: file, message });
    }
    this.#units = Uint32Array.from({ length: size / 4 }, (_, i) => bytes.readUInt32LE(4 + 4 * i));
    this.#replacements = bytes.subarray(4 + size);
  }

  /** The longest key at a place of a text. */
  longest(bytes: Uint8Array, from: number): CharsmapMatch | null {
    return this.#search(bytes, from, false);
  }

  /** The shortest one: what Hugging Face's library takes, for a whole grapheme. */
  shortest(bytes: Uint8Array, from: number): CharsmapMatch | null {
    return this.#search(bytes, from, true);
  }

  #search(bytes: Uint8Array, from: number, takeFirst: boolean): CharsmapMatch | null {
    const units = this.#units;
    let node = offsetOf(units[0]!);
    let end = -1;
    let value = 0;
    for (let i = from; i < bytes.length; i++) {
      const byte = bytes[i]!;
      node = (node ^ byte) >>> 0;
      if (byte === 0 || node >= units.length) break;
      const unit = units[node]!;
      // The label's highest bit marks values, which no byte equals.
      if ((unit & 0x800000ff) !== byte) break;
      node = (node ^ offsetOf(unit)) >>> 0;
      if (((unit >>> 8) & 1) === 0) continue;
      if (node >= units.length) break;
      end = i + 1;
      value = units[node]! & 0x7fffffff;
      if (takeFirst) break;
    }
    if (end < 0 || value >= this.#replacements.length) return null;
    const stop = this.#replacements.indexOf(0, value);
    if (stop < 0) return null;
    return { end, replacement: this.#replacements.toString("utf8", value, stop) };
  }
}

function offsetOf(unit: number): number {
  return ((unit >>> 10) << ((unit & 0x200) >>> 6)) >>> 0;
}
