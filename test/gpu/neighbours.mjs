// Neighbours on one GPU: two engines with 0.4 of its memory each and a busy PyTorch process start at the same instant, and all
// serve; where the memory is not there, an engine says so once. Plain Node, needs python3 with PyTorch; 20 s:
// node test/gpu/neighbours.mjs
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { check, skipWithoutGpu } from "./script.mjs";

skipWithoutGpu();
const path = (name) => fileURLToPath(new URL(name, import.meta.url));

/** As many requests as fill the share, for Pocket's are small: 8 MiB of KV cache each. */
const options = (gpuMemoryUtilization) => ({
  device: "cuda",
  batchInvariant: true,
  gpuMemoryUtilization,
  maxNumSeqs: 8192,
  maxNumBatchedTokens: 8192,
});

class EngineProcess {
  #child = fork(path("neighbour-engine.mjs"));
  #failure = once(this.#child, "exit").then(([code, signal]) => ({
    error: { code: "EXIT", text: `${code ?? signal}` },
  }));
  ready = this.#next();

  #next() {
    return Promise.race([once(this.#child, "message").then(([message]) => message), this.#failure]);
  }

  ask(message) {
    const reply = this.#next();
    if (this.#child.connected) this.#child.send(message);
    return reply;
  }

  /** The tokens of one round, as text; of a failed one its error. */
  async generate() {
    const { tokens, error } = await this.ask({ generate: true });
    return JSON.stringify(tokens ?? error);
  }

  async end() {
    await this.ask({ end: true });
  }
}

class TorchProcess {
  worked = 0;
  #child;
  #lines = [];
  #waiting = [];
  #ended = false;

  constructor(...args) {
    this.#child = spawn("python3", [path("neighbour.py"), ...args], { stdio: ["pipe", "pipe", "inherit"] });
    this.#child.on("error", () => this.#end());
    this.#child.on("exit", () => this.#end());
    this.#child.stdin.on("error", () => {}); // of a process that has ended, which its exit tells
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      if (line === "worked") this.worked++;
      this.#lines.push(line);
      this.#wake();
    });
  }

  #end() {
    this.#ended = true;
    this.#wake();
  }

  #wake() {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Whether a line began so before the process ended. */
  async says(word) {
    while (!this.#lines.some((line) => line.startsWith(word)) && !this.#ended) await this.#change();
    return this.#lines.find((line) => line.startsWith(word));
  }

  /** Waits for `count` more pieces of work. @returns whether they were done */
  async works(count) {
    const goal = this.worked + count;
    while (this.worked < goal && !this.#ended) await this.#change();
    return this.worked >= goal;
  }

  #change() {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  go() {
    this.#child.stdin.write("go\n");
  }

  async end() {
    if (this.#ended) return;
    const exit = once(this.#child, "exit");
    this.#child.stdin.end();
    await exit;
  }
}

const gib = (bytes) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

function report(name, { loadSeconds, memory, dedicated }) {
  const held = Object.entries(memory).map(([purpose, bytes]) => `${purpose} ${gib(bytes)}`);
  console.log(
    `${name}: loaded in ${loadSeconds.toFixed(2)} s; ${held.join(", ")}, context ${gib(dedicated.contextBytes)}; ` +
      `share ${gib(dedicated.shareBytes)} of ${gib(dedicated.totalBytes)}`,
  );
}

async function allServe(busy) {
  const alone = new EngineProcess();
  await alone.ready;
  const first = await alone.ask({ load: options(0.4) });
  if (first.error) return check(false, `an engine alone: ${first.error.text}`);
  report("alone", first.info);
  const expected = await alone.generate();
  await alone.end();

  const engines = [new EngineProcess(), new EngineProcess()];
  await Promise.all(engines.map(({ ready }) => ready));
  check(await busy.says("ready"), "PyTorch is there");
  busy.go();
  const loaded = await Promise.all(engines.map((engine) => engine.ask({ load: options(0.4) })));
  for (const [i, { info, error }] of loaded.entries()) {
    check(!error, `engine ${i + 1} loads beside the others ${error?.text ?? ""}`);
    if (!info) continue;
    report(`engine ${i + 1}`, info);
    const { memory, dedicated } = info;
    const used = Object.values(memory).reduce((sum, bytes) => sum + bytes, dedicated.contextBytes);
    const share = used / dedicated.shareBytes;
    check(share > 0.9 && share <= 1, `engine ${i + 1} uses its share: ${(100 * share).toFixed(1)} %`);
  }
  if (loaded.some(({ error }) => error)) return;

  const rounds = engines.map(() => ({ early: 0, late: 0, different: 0 }));
  let torchHolds = false;
  let enough = false;
  const serving = engines.map(async (engine, i) => {
    while (!enough || rounds[i].late < 3) {
      const late = torchHolds;
      if ((await engine.generate()) !== expected) rounds[i].different++;
      rounds[i][late ? "late" : "early"]++;
      if (rounds[i].different > 0) return;
    }
  });
  const held = await busy.says("held");
  torchHolds = true;
  const worked = held && (await busy.works(3));
  enough = true;
  await Promise.all(serving);
  check(worked, `PyTorch ${held ?? "holds nothing"} and works: ${500 * busy.worked} products of 4096 x 4096 matrices`);
  for (const [i, { early, late, different }] of rounds.entries()) {
    check(
      different === 0,
      `engine ${i + 1}: ${early} rounds before PyTorch had its memory, ${late} beside its work, ${different} with tokens other than alone`,
    );
  }
  await Promise.all(engines.map((engine) => engine.end()));
}

async function oneSaysWhy(holder) {
  const engine = new EngineProcess();
  await engine.ready;
  await holder.says("ready");
  holder.go();
  console.log(`PyTorch ${await holder.says("held")}`);
  const { error } = await engine.ask({ load: options(0.9) });
  console.log(`the error: ${error?.text}`);
  check(
    error?.code === "OUT_OF_MEMORY",
    `an engine that asks for 0.9 beside it fails with OUT_OF_MEMORY: ${error?.code}`,
  );
  const says = (pattern, what) => check(pattern.test(error?.text ?? ""), `the error says ${what}`);
  says(/gpu_memory_utilization 0\.9 asks for \d+ MiB/, "how much was asked");
  says(/\d+ MiB are free/, "how much is free");
  says(/process \d+ \(|processes that the driver does not show/, "who holds the rest");
  says(/at most 0\.\d+/, "what would work");
  const second = await engine.ask({ load: options(0.3) });
  check(!second.error, `the same process then loads with 0.3 ${second.error?.text ?? ""}`);
  await engine.end();
}

// Both import PyTorch at once, which takes seconds; neither touches the GPU before it is told to go.
const [busy, holder] = [new TorchProcess("0.07", "busy"), new TorchProcess("0.6")];
try {
  await allServe(busy);
  await busy.end();
  await oneSaysWhy(holder);
} finally {
  await Promise.all([busy.end(), holder.end()]);
}
console.log(process.exitCode ? "FAIL neighbours" : "PASS neighbours");
process.exit();
