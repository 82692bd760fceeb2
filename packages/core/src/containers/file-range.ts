// Parts of a file that is open as a storage: from the storage where JavaScript sees them, from the file where it does not (a
// storage beyond 4 GiB on Node 20, or one of a header only).
import { closeSync, openSync, readSync } from "node:fs";
import { OctavoError } from "../errors.js";
import type { Storage } from "../storage.js";

/** A file, read in parts. */
export interface FileRange {
  readonly path: string;
  /** Of the whole file. */
  readonly byteLength: number;
  /** `length` bytes from byte `offset`, which must be inside of the file. A view where that is possible. @throws CHECKPOINT */
  read(offset: number, length: number): Uint8Array;
}

export function rangeOfStorage(path: string, { bytes, byteLength }: Storage): FileRange {
  return {
    path,
    byteLength,
    read(offset, length) {
      const isVisible = bytes !== undefined && offset + length <= bytes.byteLength;
      return isVisible ? bytes.subarray(offset, offset + length) : readRange(path, offset, length);
    },
  };
}

/** A part of the file at `path`, read into memory of its own. @throws CHECKPOINT */
export function readRange(path: string, offset: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  try {
    const file = openSync(path, "r");
    try {
      for (let at = 0; at < length; ) {
        const count = readSync(file, bytes, at, length - at, offset + at);
        if (count === 0) throw new Error("it became shorter while it was read");
        at += count;
      }
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    const message = `cannot read ${path}: ${(cause as Error).message}. It must be a file that this user may read.`;
    throw new OctavoError({ code: "CHECKPOINT", message, param: path, cause });
  }
  return bytes;
}
