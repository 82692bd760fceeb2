// tiktoken's files: a line for each token, its bytes in base64 and its rank. Ranks are ids, and the order in which pairs merge.
import { RankTable } from "./rank-table.js";

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
  const table = new RankTable(path);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const lines = text.split("\n");
  for (const [i, line] of lines.entries()) {
    if (line.trim() === "") continue;
    const where = `line ${i + 1}`;
    const match = LINE.exec(line.trimEnd()) ?? table.fail(where, "it is not a token in base64, a space and a rank");
    table.add(Number(match[2]), match[1]!, where);
  }
  return table.finish(`line ${lines.length}`);
}
