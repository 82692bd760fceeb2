// Writes the mixed corpus for parity.py: node packages/tokenizer/bench/write-corpus.mjs FILE
import { writeFileSync } from "node:fs";
import { mixedCorpus } from "./corpus.mjs";

const texts = mixedCorpus();
writeFileSync(process.argv[2], JSON.stringify(texts));
const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
console.log(`${texts.length} texts, ${(bytes / 1e6).toFixed(2)} MB`);
