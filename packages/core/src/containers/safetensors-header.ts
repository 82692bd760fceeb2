// Reads the header of a safetensors file and none of its weights: for looking at models larger than the memory.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { OctavoError } from "../errors.js";
import { hostStorage } from "../storage.js";
import { type FileReader, MAX_HEADER_BYTES } from "./safetensors.js";

/**
 * To be given to {@link openSafetensors}: the tensors have dtypes and shapes, but no bytes.
 * @throws CHECKPOINT when the file cannot be read
 */
export const readHeaderOnly: FileReader = (path) => {
  try {
    const file = openSync(path, "r");
    try {
      const byteLength = fstatSync(file).size;
      const start = read(file, Math.min(byteLength, SAFETENSORS_START));
      const bytes = read(file, Math.min(byteLength, Math.max(safetensorsHeaderBytes(start), LEAST_BYTES)));
      return { ...hostStorage(bytes), byteLength };
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    const message = `cannot read ${path}: ${(cause as Error).message}. It must be a file that this user may read.`;
    throw new OctavoError({ code: "CHECKPOINT", message, param: path, cause });
  }
};

/** Enough to tell what is no safetensors file: the parser knows how a git-lfs pointer begins. */
const LEAST_BYTES = 64;

/** Bytes of a file that say how long its header is. */
export const SAFETENSORS_START = 8;

/** Bytes of a file up to its tensors, as its first {@link SAFETENSORS_START} claim. Too many are as none: the parser refuses them. */
export function safetensorsHeaderBytes(start: Uint8Array): number {
  if (start.byteLength < SAFETENSORS_START) return start.byteLength;
  const claimed = new DataView(start.buffer, start.byteOffset).getBigUint64(0, true);
  return SAFETENSORS_START + (claimed > MAX_HEADER_BYTES ? 0 : Number(claimed));
}

function read(file: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const count = readSync(file, bytes, at, length - at, at);
    if (count === 0) throw new Error("it became shorter while it was read");
    at += count;
  }
  return bytes;
}
