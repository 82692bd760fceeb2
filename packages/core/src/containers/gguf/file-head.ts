// The beginning of a file, read as far as it is asked for: a GGUF header has no length of its own, and what follows it may be
// many gigabytes that nobody needs to read for it.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { OctavoError } from "../../errors.js";
import type { Storage } from "../../storage.js";

const FIRST_BYTES = 2 ** 20;

/** A file's first bytes and its size. */
export interface FileHead {
  readonly path: string;
  /** Of the whole file. */
  readonly byteLength: number;
  /** At least the first `length` bytes, which is at most `byteLength`. What an earlier call gave stays as it is. */
  atLeast(length: number): Uint8Array;
}

/** A mapped or read file. Bytes that JavaScript cannot see (beyond 4 GiB on Node 20) cannot be a part of the header. */
export function headOfStorage(path: string, { bytes, byteLength }: Storage): FileHead {
  return {
    path,
    byteLength,
    atLeast(length) {
      if (bytes !== undefined && bytes.byteLength >= length) return bytes;
      throw unreadable(path, `its header reaches byte ${length}, Node.js sees ${bytes?.byteLength ?? 0} bytes of it`);
    },
  };
}

/** Calls `read` with the head of the file at `path`. @throws CHECKPOINT when it cannot be read */
export function withFileHead<T>(path: string, read: (head: FileHead) => T): T {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (cause) {
    throw unreadable(path, (cause as Error).message, cause);
  }
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw unreadable(path, "it is not a file");
    let held = new Uint8Array(0);
    const atLeast = (length: number): Uint8Array => {
      if (held.byteLength >= length) return held;
      const longer = new Uint8Array(Math.min(stats.size, Math.max(length, 2 * held.byteLength, FIRST_BYTES)));
      longer.set(held);
      for (let at = held.byteLength; at < longer.byteLength; ) {
        const count = readSync(file, longer, at, longer.byteLength - at, at);
        if (count === 0) throw unreadable(path, `it became shorter than ${stats.size} bytes while it was read`);
        at += count;
      }
      held = longer;
      return held;
    };
    return read({ path, byteLength: stats.size, atLeast });
  } finally {
    closeSync(file);
  }
}

function unreadable(path: string, found: string, cause?: unknown): OctavoError {
  const message = `cannot read ${path}: ${found}. It must be a file that this user may read.`;
  return new OctavoError({ code: "CHECKPOINT", message, param: path, cause });
}
