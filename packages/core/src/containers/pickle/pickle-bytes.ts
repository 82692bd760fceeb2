// A position in a pickle. Nothing is read or made before the file is known to have the bytes for it.
import type { Fail } from "./fail.js";

/** Far above real checkpoints (100,000 tensors take about 20 MB); the same as for a safetensors header. */
export const MAX_PICKLE_BYTES = 100_000_000;
/** Numbers of more bytes than this stand for nothing in a checkpoint. */
const MAX_INTEGER_BYTES = 32;

/** The beginning of a pickle, as far as it is asked for. */
export interface PickleHead {
  /** Of all that may belong to the pickle. */
  readonly byteLength: number;
  /** At least the first `length` bytes, which is at most `byteLength`. */
  atLeast(length: number): Uint8Array;
}

export class PickleBytes {
  readonly #head: PickleHead;
  readonly #fail: Fail;
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  #at: number;

  constructor(head: PickleHead, start: number, fail: Fail) {
    this.#head = head;
    this.#at = start;
    this.#fail = fail;
  }

  get position(): number {
    return this.#at;
  }

  u8(): number {
    const at = this.#take(1); // first: it may replace the view
    return this.#view.getUint8(at);
  }

  u16(): number {
    const at = this.#take(2);
    return this.#view.getUint16(at, true);
  }

  i32(): number {
    const at = this.#take(4);
    return this.#view.getInt32(at, true);
  }

  u32(): number {
    const at = this.#take(4);
    return this.#view.getUint32(at, true);
  }

  /** Rounded above 2^53, where no length is. */
  u64(): number {
    const at = this.#take(8);
    return this.#view.getUint32(at + 4, true) * 2 ** 32 + this.#view.getUint32(at, true);
  }

  /** Big endian, the only such number in a pickle. */
  f64(): number {
    const at = this.#take(8);
    return this.#view.getFloat64(at, false);
  }

  /** Little endian, two's complement; a number where that is exact. */
  integer(length: number): number | bigint {
    if (length > MAX_INTEGER_BYTES) this.#fail(`its pickle has an integer of ${length} bytes`);
    const at = this.#take(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.#bytes[at + i]!);
    value = BigInt.asIntN(8 * length, value);
    return BigInt(Number(value)) === value && Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }

  /** A copy. */
  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return Uint8Array.from(this.#bytes.subarray(at, at + length)); // not slice: a Buffer's is a view
  }

  text(length: number): string {
    const at = this.#take(length);
    return this.#decode(at, at + length);
  }

  /** Up to the end of the line, without it. */
  line(): string {
    const start = this.#at;
    while (this.u8() !== 10);
    return this.#decode(start, this.#at - 1);
  }

  #decode(start: number, end: number): string {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.#bytes.subarray(start, end));
    } catch {
      return this.#fail(`the text at byte ${start} of its pickle is not UTF-8`);
    }
  }

  #take(length: number): number {
    const at = this.#at;
    const end = at + length;
    if (end > this.#bytes.byteLength) {
      if (end > this.#head.byteLength) {
        this.#fail(`its pickle needs byte ${end}, there are ${this.#head.byteLength} (cut short?)`);
      }
      this.#bytes = this.#head.atLeast(end);
      this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength);
    }
    this.#at = end;
    return at;
  }
}
