// Reads a GGUF header value by value. Nothing is read or made before the file is known to have the bytes for it.
import { OctavoError } from "../../errors.js";
import type { FileHead } from "./file-head.js";

/** Shown of a text from the file in messages. */
const SHOWN = 64;

/** A position in a file's head. All numbers are little endian. */
export class GgufCursor {
  readonly path: string;
  readonly #head: FileHead;
  #bytes = Buffer.alloc(0);
  #view = new DataView(new ArrayBuffer(0));
  #at = 0;

  constructor(head: FileHead) {
    this.path = head.path;
    this.#head = head;
  }

  /** Bytes from the file's start. */
  get position(): number {
    return this.#at;
  }

  /** Of the whole file. */
  get byteLength(): number {
    return this.#head.byteLength;
  }

  /** @throws CHECKPOINT */
  fail(found: string): never {
    const message = `${this.path} is not a valid GGUF file: ${found}. Download it again.`;
    throw new OctavoError({ code: "CHECKPOINT", message, param: this.path });
  }

  /** @throws CHECKPOINT unless `count` values of `size` bytes fit between here and the file's end */
  checkRoom(count: number, size: number, what: string): void {
    const left = this.#head.byteLength - this.#at;
    if (count * size <= left) return;
    this.fail(`${what} claims ${count} values of at least ${size} bytes, ${left} bytes are left of the file`);
  }

  /** The next `length` bytes, copied, so that nothing keeps the file alive. */
  bytes(length: number): Uint8Array<ArrayBuffer> {
    const at = this.#take(length);
    return Uint8Array.from(this.#bytes.subarray(at, at + length)); // not slice: a Buffer's is a view
  }

  u8(): number {
    const at = this.#take(1);
    return this.#view.getUint8(at);
  }

  i8(): number {
    const at = this.#take(1);
    return this.#view.getInt8(at);
  }

  u16(): number {
    const at = this.#take(2);
    return this.#view.getUint16(at, true);
  }

  i16(): number {
    const at = this.#take(2);
    return this.#view.getInt16(at, true);
  }

  u32(): number {
    const at = this.#take(4);
    return this.#view.getUint32(at, true);
  }

  i32(): number {
    const at = this.#take(4);
    return this.#view.getInt32(at, true);
  }

  f32(): number {
    const at = this.#take(4);
    return this.#view.getFloat32(at, true);
  }

  f64(): number {
    const at = this.#take(8);
    return this.#view.getFloat64(at, true);
  }

  /** Rounded above 2^53, where no size or count of a real file is. */
  u64(): number {
    const at = this.#take(8);
    return this.#view.getUint32(at + 4, true) * 2 ** 32 + this.#view.getUint32(at, true);
  }

  i64(): number {
    const at = this.#take(8);
    return Number(this.#view.getBigInt64(at, true));
  }

  /** UTF-8 behind its length; bytes that are no UTF-8 become U+FFFD. */
  string(what: string): string {
    const length = this.u64();
    this.checkRoom(length, 1, what);
    const at = this.#take(length);
    return this.#bytes.toString("utf8", at, at + length);
  }

  #take(length: number): number {
    const at = this.#at;
    const end = at + length;
    if (end > this.#bytes.byteLength) {
      if (end > this.#head.byteLength) {
        this.fail(`its header needs byte ${end}, the file has ${this.#head.byteLength} (cut short?)`);
      }
      const { buffer, byteOffset, byteLength } = this.#head.atLeast(end);
      this.#bytes = Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
      this.#view = new DataView(this.#bytes.buffer, byteOffset, byteLength);
    }
    this.#at = end;
    return at;
  }
}

/** A text from the file for a message. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text);
}
