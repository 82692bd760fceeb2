// One process of cold.mjs: node encode-once.mjs octavo|library FOLDER/NAME MEGABYTES [TEXT FILE]. Prints figures as JSON.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { englishText } from "./english.mjs";

const [engine, folder, megabytes, file] = process.argv.slice(2);
const text = englishText(Number(megabytes) * 1e6, file);
const size = Buffer.byteLength(text) / 1e6;
const loaders = { octavo: loadOctavo, library: loadLibrary };

async function loadOctavo() {
  const { Tokenizer } = await import("../dist/index.js");
  const tokenizer = await Tokenizer.load(folder);
  return () => tokenizer.encode(text, { addSpecialTokens: false }).length;
}

async function loadLibrary() {
  const { Tokenizer } = await import("@huggingface/tokenizers");
  const [json, config] = ["tokenizer.json", "tokenizer_config.json"].map((name) =>
    JSON.parse(readFileSync(join(folder, name), "utf8")),
  );
  const tokenizer = new Tokenizer(json, config);
  return () => tokenizer.encode(text, { add_special_tokens: false }).ids.length;
}

/** Seconds that the main thread has run, as Linux counts them. */
function threadSeconds() {
  try {
    return Number(readFileSync("/proc/self/schedstat", "utf8").split(" ")[0]) / 1e9;
  } catch {
    return Number.NaN;
  }
}

async function timed(work) {
  const before = process.cpuUsage();
  const thread = threadSeconds();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  return { result, thread: threadSeconds() - thread, processor: (user + system) / 1e6 };
}

const load = await timed(loaders[engine]);
const first = await timed(load.result);
const again = [];
for (let i = 0; i < (engine === "octavo" ? 4 : 1); i++) again.push(size / (await timed(load.result)).processor);
console.log(
  JSON.stringify({
    load: 1e3 * load.processor,
    first: size / first.processor,
    thread: size / first.thread,
    again: Math.max(...again),
    tokens: first.result,
  }),
);
