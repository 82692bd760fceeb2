// Tokenizers in older files than tokenizer.json, for folders that lack it. Each becomes what tokenizer.json would say.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { OctavoError } from "@octavo/core";
import { readFairseqTokenizer } from "./sentencepiece/fairseq-tokenizer.js";
import { readPieceTokenizer } from "./sentencepiece/piece-tokenizer.js";
import { isRankFile } from "./tiktoken/rank-file.js";
import { readTekkenTokenizer } from "./tiktoken/tekken-tokenizer.js";
import { readTiktoken } from "./tiktoken/tiktoken-tokenizer.js";
import type { TokenizerConfig, TokenizerJson } from "./tokenizer-json.js";
import { readMergesTokenizer } from "./vocabulary/merges-tokenizer.js";
import { readWordTokenizer } from "./vocabulary/word-tokenizer.js";

/** A tokenizer, the configuration with what the file adds to it, and the file. */
export interface VocabularyFiles {
  readonly tokenizer: TokenizerJson;
  readonly config: TokenizerConfig;
  readonly file: string;
}

type Parts = Omit<VocabularyFiles, "file">;
type Reader = (path: string, bytes: Buffer, config: TokenizerConfig, folder: string) => Parts | Promise<Parts>;

/** In the order in which they are looked for; `vocab.json` is nothing without its `merges.txt`. */
const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  [
    "tokenizer.model",
    (path, bytes, config) => (isRankFile(bytes) ? readTiktoken : readPieceTokenizer)(path, bytes, config),
  ],
  ["spiece.model", (path, bytes, config) => readPieceTokenizer(path, bytes, config)],
  ["sentencepiece.bpe.model", readFairseqTokenizer],
  ["tokenizer.tiktoken", readTiktoken],
  ["tiktoken.model", readTiktoken],
  ["qwen.tiktoken", readTiktoken],
  ["tekken.json", readTekkenTokenizer],
  ["vocab.json", readMergesTokenizer],
  ["vocab.txt", readWordTokenizer],
]);

/** Their names, for messages. */
export const VOCABULARY_FILES: readonly string[] = [...READERS.keys()];

/** No vocabulary is nearly as large; a larger file is something else. */
const MAX_BYTES = 256 * 2 ** 20;

/** @returns null where the folder has none of them @throws CHECKPOINT that names the file */
export async function readVocabularyFiles(folder: string, config: TokenizerConfig): Promise<VocabularyFiles | null> {
  for (const [name, read] of READERS) {
    const file = join(folder, name);
    const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === "ENOENT" || cause.code === "ENOTDIR") return null;
      const message = `cannot use ${file}: it cannot be read (${cause.message}). It must be a file that this user may read.`;
      throw new OctavoError({ code: "CHECKPOINT", param: file, message, cause });
    });
    if (bytes === null) continue;
    if (bytes.length > MAX_BYTES) {
      const message = `cannot use ${file}: it has ${bytes.length} bytes, no vocabulary has more than ${MAX_BYTES}. Download it again.`;
      throw new OctavoError({ code: "CHECKPOINT", param: file, message });
    }
    return { ...(await read(file, bytes, config, folder)), file };
  }
  return null;
}
