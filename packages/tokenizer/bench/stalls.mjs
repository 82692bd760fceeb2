// Hard texts of 1 MB: time of encode, and how long encodeAsync keeps other events waiting at most: node packages/tokenizer/bench/stalls.mjs FOLDER/NAME...
import { Tokenizer } from "../dist/index.js";
import { mixedCorpus } from "./corpus.mjs";

const MEGABYTE = 1_000_000;
const texts = {
  "English words": "The quick brown fox jumps over the lazy dog. ".repeat(MEGABYTE / 45),
  "mixed corpus": mixedCorpus(MEGABYTE).join("\n").slice(0, MEGABYTE),
  "one letter": "a".repeat(MEGABYTE),
  "two letters": "ab".repeat(MEGABYTE / 2),
  spaces: " ".repeat(MEGABYTE),
  "spaces and line ends": " \n".repeat(MEGABYTE / 2),
  "line ends": "\n".repeat(MEGABYTE),
  digits: "1".repeat(MEGABYTE),
  dashes: "-".repeat(MEGABYTE),
  ideographs: "漢字".repeat(MEGABYTE / 6),
  "combining marks": "\u0301".repeat(MEGABYTE / 2),
  emoji: "👩‍👧".repeat(MEGABYTE / 12),
  "beginnings of special tokens": "<|im_".repeat(MEGABYTE / 5),
};

for (const folder of process.argv.slice(2)) {
  const tokenizer = await Tokenizer.load(folder);
  console.log(folder);
  for (const [name, text] of Object.entries(texts)) {
    tokenizer.encode(text.slice(0, 20_000));
    const before = process.cpuUsage();
    const start = performance.now();
    const { length } = tokenizer.encode(text);
    const time = performance.now() - start;
    const { user, system } = process.cpuUsage(before);
    let last = process.cpuUsage().user;
    let longest = 0;
    let isRunning = true;
    const tick = () => {
      const now = process.cpuUsage().user;
      longest = Math.max(longest, now - last);
      last = now;
      if (isRunning) setImmediate(tick);
    };
    setImmediate(tick);
    await tokenizer.encodeAsync(text);
    isRunning = false;
    tick();
    console.log(
      `  ${name}: ${length} tokens, ${time.toFixed(0)} ms (processor ${((user + system) / 1e3).toFixed(0)} ms); in slices nothing waits longer than ${(longest / 1e3).toFixed(0)} ms of processor time`,
    );
  }
}
