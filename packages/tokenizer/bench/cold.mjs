// Speed of the first text in a fresh process, and of the same text again, beside Hugging Face's JavaScript and Rust libraries:
// node packages/tokenizer/bench/cold.mjs FOLDER/NAME... [--text FILE] [--megabytes N] [--runs N] [--python PYTHON]
// (FOLDER: see fetch.mjs; PYTHON: an interpreter that has `tokenizers`). Each figure is the best of several processes, which take turns.
// "processor" counts all of the process's threads, V8's compiler among them; "thread" only the one that encodes (Linux), which is what a
// clock shows on a machine with another core free.
import { execFileSync } from "node:child_process";
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const { values, positionals: folders } = parseArgs({
  allowPositionals: true,
  options: {
    text: { type: "string", default: "" },
    megabytes: { type: "string", default: "1" },
    runs: { type: "string", default: "5" },
    python: { type: "string" },
  },
});

const engines = {
  Octavo: (folder) => run(process.execPath, `${HERE}encode-once.mjs`, "octavo", folder),
  "@huggingface/tokenizers": (folder) => run(process.execPath, `${HERE}encode-once.mjs`, "library", folder),
  ...(values.python && {
    "tokenizers (Rust), one thread": (folder) => run(values.python, `${HERE}encode-once.py`, folder),
  }),
};

function run(...command) {
  const [program, ...args] = [...command, values.megabytes, values.text];
  const env = { ...process.env, TOKENIZERS_PARALLELISM: "false", RAYON_NUM_THREADS: "1" };
  return JSON.parse(execFileSync(program, args, { encoding: "utf8", env, maxBuffer: 2 ** 26 }));
}

const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: HERE, encoding: "utf8" }).trim();
console.log(
  `commit ${commit}, ${cpus().length} x ${cpus()[0].model.trim()}, Node ${process.version}, load ${loadavg()[0].toFixed(0)}\n`,
);
console.log("| tokenizer | load, ms | first text: processor, MB/s | thread, MB/s | again: processor, MB/s | tokens |");
console.log("|---|---|---|---|---|---|");
for (const folder of folders) {
  const results = Object.fromEntries(Object.keys(engines).map((name) => [name, []]));
  for (let i = 0; i < Number(values.runs); i++) {
    for (const [name, measure] of Object.entries(engines)) results[name].push(measure(folder));
  }
  for (const [name, runs] of Object.entries(results)) {
    const best = (pick) => Math.max(...runs.map(pick)).toFixed(1);
    const load = Math.min(...runs.map((result) => result.load)).toFixed(0);
    console.log(
      `| ${folder.split("/").at(-1)}: ${name} | ${load} | ${best((result) => result.first)} | ${best((result) => result.thread)} | ` +
        `${best((result) => result.again)} | ${runs[0].tokens} |`,
    );
  }
}
