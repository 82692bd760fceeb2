// What a disk refuses, said so that one can do something about it; and whether there is room, before it is needed.
import { mkdir, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { HubError } from "../hub-error.js";

/** Left to others. */
const RESERVE = 64 * 2 ** 20;

/** A failure of the file system at `path`; anything else as it is. */
export function diskError(path: string, cause: unknown): unknown {
  const { code, message } = (cause ?? {}) as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") {
    const advice =
      "make room and start again: what is there is kept. HF_HUB_CACHE or --download-dir name another place";
    return new HubError("disk", `the disk of ${dirname(path)} is full (${code}): ${advice}.`, { param: path, cause });
  }
  if (typeof code !== "string" || cause instanceof HubError) return cause;
  const advice = "HF_HUB_CACHE or --download-dir name another place";
  return new HubError("disk", `${path} cannot be written (${message}): ${advice}.`, { param: path, cause });
}

/** @param bytes that are yet to be written @throws HubError when they do not fit */
export async function checkRoom(folder: string, bytes: number, id: string): Promise<void> {
  if (bytes === 0) return;
  let free: number;
  try {
    await mkdir(folder, { recursive: true });
    const { bavail, bsize } = await statfs(folder);
    free = bavail * bsize;
  } catch (cause) {
    throw diskError(folder, cause);
  }
  if (bytes + RESERVE <= free) return;
  const [needed, found] = [bytes, free].map((count) => `${(count / 2 ** 30).toFixed(2)} GiB`);
  const advice = "remove models with octavo rm, or name another place with HF_HUB_CACHE or --download-dir";
  const message = `${id} needs ${needed} more in ${folder}, where ${found} are free: ${advice}.`;
  throw new HubError("disk", message, { param: id });
}
