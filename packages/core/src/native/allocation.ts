// What native allocations are checked for and how their failure is told, the same for every backend.
import { checkArgument, OctavoError } from "../errors.js";
import type { MemoryPurpose } from "../storage.js";

export function checkByteLength(byteLength: number): void {
  const valid = Number.isSafeInteger(byteLength) && byteLength >= 0;
  checkArgument(valid, () => `cannot allocate ${byteLength} bytes`, "byteLength");
}

/** @param found why there is no room; @param held what the backend itself holds */
export function outOfMemory(
  byteLength: number,
  purpose: MemoryPurpose,
  found: string,
  held: Readonly<Record<MemoryPurpose, number>>,
): OctavoError {
  const parts = Object.entries(held).map(([name, bytes]) => `${name} ${mebibytes(bytes)}`);
  const message = `cannot allocate ${mebibytes(byteLength)} for ${purpose}: ${found}. Held by this backend: ${parts.join(", ")}.`;
  return new OctavoError({ code: "OUT_OF_MEMORY", message, param: purpose });
}

/** For people: "1.5 MiB". */
export function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
