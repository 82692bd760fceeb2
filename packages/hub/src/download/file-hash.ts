// What a file's bytes hash to.
import { createHash } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import type { HostFile } from "../hosts/host.js";

const CHUNK_BYTES = 2 ** 20;

/** SHA-256, or git's id of a blob with that content: 40 or 64 hex digits. */
export async function hashFile(path: string, algorithm: HostFile["algorithm"], signal?: AbortSignal): Promise<string> {
  const hash = createHash(algorithm === "git" ? "sha1" : "sha256");
  if (algorithm === "git") hash.update(`blob ${statSync(path).size}\0`);
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
    signal?.throwIfAborted();
    hash.update(chunk as Buffer);
  }
  return hash.digest("hex");
}
