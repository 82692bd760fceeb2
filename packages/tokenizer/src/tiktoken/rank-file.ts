// tiktoken's files: a line for each token, its bytes in base64 and its rank. Ranks are ids, and the order in which pairs merge.
import { OctavoError } from "@octavo/core";

/** The most tokens that a file may have: far above any model's. */
const MAX_RANKS = 4_000_000;

const LINE = /^([A-Za-z0-9+/]+={0,2}) (\d{1,8})$/;

/** Whether a file's beginning is a rank file's, and not a SentencePiece model's. */
export function isRankFile(bytes: Uint8Array): boolean {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 4096)).toString("latin1");
  const end = start.indexOf("\n");
  return LINE.test(start.slice(0, end < 0 ? start.length : end).trimEnd());
}

/**
 * @returns each token's bytes as a Latin-1 text, by rank
 * @throws CHECKPOINT that names the file and the line
 */
export function readRanks(path: string, bytes: Uint8Array): string[] {
  const tokens: string[] = [];
  const seen = new Map<string, number>();
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  let number = 0;
  for (const line of text.split("\n")) {
    number += 1;
    if (line.trim() === "") continue;
    const match = LINE.exec(line.trimEnd());
    if (!match) throw damagedLine(path, number, "it is not a token in base64, a space and a rank");
    const token = Buffer.from(match[1]!, "base64").toString("latin1");
    const rank = Number(match[2]);
    if (rank >= MAX_RANKS) throw damagedLine(path, number, `its rank ${rank} is too large`);
    if (tokens[rank] !== undefined) throw damagedLine(path, number, `another line has its rank ${rank}`);
    const twin = seen.get(token);
    if (twin !== undefined) throw damagedLine(path, number, `its token is also that of rank ${twin}`);
    seen.set(token, rank);
    tokens[rank] = token;
  }
  if (seen.size === 0) throw damagedLine(path, number, "there are no tokens");
  if (seen.size !== tokens.length) {
    const missing = Array.from(tokens).indexOf(undefined as never);
    throw damagedLine(path, number, `rank ${missing} is missing, the highest one is ${tokens.length - 1}`);
  }
  for (let byte = 0; byte < 256; byte++) {
    const single = String.fromCharCode(byte);
    if (!seen.has(single)) throw damagedLine(path, number, `there is no token for the byte ${byte}`);
  }
  return tokens;
}

function damagedLine(path: string, line: number, found: string): OctavoError {
  const message = `cannot use ${path}: line ${line}: ${found}. Download it again.`;
  return new OctavoError({ code: "CHECKPOINT", param: path, message });
}
