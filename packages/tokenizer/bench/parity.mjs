// Compares Octavo's ids and decoded texts with those of golden.py: node packages/tokenizer/bench/parity.mjs CORPUS.json FOLDER/NAME...
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Tokenizer } from "../dist/index.js";

const [corpus, ...folders] = process.argv.slice(2);
const texts = JSON.parse(readFileSync(corpus, "utf8"));
let failures = 0;
for (const folder of folders) {
  const { ids: golden, decoded, version } = JSON.parse(readFileSync(join(folder, "golden.json"), "utf8"));
  const start = performance.now();
  const tokenizer = await Tokenizer.load(folder);
  const loaded = performance.now();
  const ids = texts.map((text) => tokenizer.encode(text, { addSpecialTokens: false }));
  const encoded = performance.now();
  let wrong = 0;
  let wrongTexts = 0;
  for (const [i, text] of texts.entries()) {
    const at = golden[i].findIndex((id, k) => id !== ids[i][k]);
    if (at >= 0 || golden[i].length !== ids[i].length) {
      wrong += 1;
      if (wrong <= 5) {
        const context = Array.from(golden[i].slice(Math.max(0, at - 3), at + 4), (id) => tokenizer.tokenOf(id));
        const own = Array.from(ids[i].slice(Math.max(0, at - 3), at + 4), (id) => tokenizer.tokenOf(id));
        console.log(JSON.stringify({ i, at, text: text.length < 100 ? text : "...", context, own }));
      }
    }
    if (tokenizer.decode(ids[i], { skipSpecialTokens: false }) !== decoded[i]) {
      wrongTexts += 1;
      if (wrongTexts <= 2) console.log("decoded", i, JSON.stringify(decoded[i].slice(0, 200)));
    }
  }
  failures += wrong + wrongTexts;
  console.log(
    `${folder}: ${wrong} of ${texts.length} texts have other ids than tokenizers ${version}, ${wrongTexts} decode otherwise; ` +
      `load ${(loaded - start).toFixed(0)} ms, encode ${(encoded - loaded).toFixed(0)} ms`,
  );
}
process.exitCode = failures > 0 ? 1 : 0;
