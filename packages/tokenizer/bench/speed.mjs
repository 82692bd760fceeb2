// Speed side by side with @huggingface/tokenizers: node packages/tokenizer/bench/speed.mjs FOLDER/NAME... (see fetch.mjs). Figures are of
// processor time, so that a busy machine changes them little; each is the best of several runs, the first of which is said too.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Tokenizer as LibraryTokenizer } from "@huggingface/tokenizers";
import { Tokenizer } from "../dist/index.js";
import { mixedCorpus, repositoryTexts } from "./corpus.mjs";
import { englishText } from "./english.mjs";

function seconds(run) {
  const before = process.cpuUsage();
  const result = run();
  const { user, system } = process.cpuUsage(before);
  return { result, seconds: (user + system) / 1e6 };
}

const corpora = {
  english: [englishText(2e6)],
  code: [repositoryTexts(["*.ts", "*.cc", "*.cuh"]).join("\n").slice(0, 2_000_000)],
  mixed: mixedCorpus(2e6),
};

for (const folder of process.argv.slice(2)) {
  const files = ["tokenizer.json", "tokenizer_config.json"].map((file) => join(folder, file));
  const before = process.cpuUsage();
  const octavo = await Tokenizer.load(folder);
  const { user, system } = process.cpuUsage(before);
  const library = seconds(() => new LibraryTokenizer(...files.map((file) => JSON.parse(readFileSync(file, "utf8")))));
  console.log(
    `${folder}: load ${((user + system) / 1e3).toFixed(0)} ms, library ${(library.seconds * 1e3).toFixed(0)} ms`,
  );
  const encoders = {
    octavo: (text) => octavo.encode(text, { addSpecialTokens: false }),
    library: (text) => library.result.encode(text, { add_special_tokens: false }).ids,
  };
  for (const [name, texts] of Object.entries(corpora)) {
    const megabytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0) / 1e6;
    const speeds = Object.entries(encoders).map(([encoder, encode]) => {
      const runs = Array.from({ length: encoder === "library" ? 2 : 5 }, () => {
        const { seconds: time } = seconds(() => texts.forEach((text) => void encode(text)));
        return megabytes / time;
      });
      return `${encoder} ${Math.max(...runs).toFixed(1)} MB/s (first run ${runs[0].toFixed(1)})`;
    });
    console.log(`  ${name} ${megabytes.toFixed(1)} MB: ${speeds.join(", ")}`);
  }
}
