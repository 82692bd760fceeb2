// Pocket's vocabulary as tiktoken has it: the bytes, then what each merge makes.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { POCKET } from "./model-folder.js";

const byteOf = new Map<string, number>();
for (let byte = 0, next = 0x100; byte < 256; byte++) {
  const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
  byteOf.set(String.fromCharCode(printable ? byte : next++), byte);
}

/** @returns each token's bytes in base64, by rank */
export function pocketRanks(): string[] {
  const { model } = JSON.parse(readFileSync(join(POCKET, "tokenizer.json"), "utf8")) as {
    model: { merges: (string | [string, string])[] };
  };
  const tokens = new Set(Array.from({ length: 256 }, (_, byte) => Buffer.from([byte]).toString("base64")));
  for (const merge of model.merges) {
    const [left, right] = typeof merge === "string" ? merge.split(" ") : merge;
    tokens.add(Buffer.from([...`${left}${right}`].map((char) => byteOf.get(char)!)).toString("base64"));
  }
  return [...tokens];
}
