// What embeddings cost beside sentence-transformers: the same texts in turns, in processor time, which others on the machine change little.
import { parseArgs } from "node:util";
import { LLM } from "@octavo/engine";
import { cpuSeconds } from "./cpu-time.js";
import { type Cost, SentenceTransformers } from "./embeddings/sentence-transformers.js";
import { mixedTexts } from "./embeddings/texts.js";
import { describeMachine } from "./machine.js";

const USAGE = `usage: node apps/bench/dist/embeddings.js MODEL [--python PATH] [--rounds N] [--threads N] [--counts 1,32,512]
  MODEL     folder of an encoder that both read
  --python  with torch and sentence-transformers (default: python3)
  --rounds  measured turns of each count, of which the fastest counts (default: 7); one before them is not counted
  --threads of both (default: 2)
  --counts  texts a call`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    python: { type: "string", default: "python3" },
    rounds: { type: "string", default: "7" },
    threads: { type: "string", default: "2" },
    counts: { type: "string", default: "1,32,512" },
  },
});
const [model] = positionals;
if (model === undefined) {
  process.stderr.write(`${USAGE}\n`);
  process.exit(2);
}
const numThreads = Number(values.threads);

await using llm = await LLM.load(model, { device: "cpu", numThreads });
using peer = new SentenceTransformers(values.python, model, numThreads);

async function embed(texts: readonly string[]): Promise<Cost & { readonly vectors: readonly Float32Array[] }> {
  const before = process.cpuUsage();
  const began = performance.now();
  const outputs = await llm.embed(texts, { truncatePromptTokens: -1 });
  const wall = performance.now() - began;
  return { cpu: 1000 * cpuSeconds(before), wall, vectors: outputs.map(({ embedding }) => embedding) };
}

function least(costs: readonly Cost[]): Cost {
  return { cpu: Math.min(...costs.map(({ cpu }) => cpu)), wall: Math.min(...costs.map(({ wall }) => wall)) };
}

function largestGap(ours: readonly Float32Array[], theirs: readonly (readonly number[])[]): number {
  const gaps = ours.map((vector, i) => Math.max(...vector.map((value, k) => Math.abs(value - theirs[i]![k]!))));
  return Math.max(...gaps);
}

process.stdout.write(`${describeMachine()}\n${llm.info.device}, ${llm.info.dtype}, ${numThreads} threads\n`);
process.stdout.write("texts  tokens  octavo cpu ms  peer cpu ms  ratio  octavo ms  peer ms  largest gap\n");
for (const count of values.counts.split(",").map(Number)) {
  const texts = mixedTexts(count);
  const tokens = (await llm.embed(texts, { truncatePromptTokens: -1 })).reduce(
    (sum, { promptTokenIds }) => sum + promptTokenIds.length,
    0,
  );
  const gap = largestGap((await embed(texts)).vectors, (await peer.embed(texts)).vectors);
  const ours: Cost[] = [];
  const theirs: Cost[] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    ours.push(await embed(texts));
    theirs.push(await peer.embed(texts));
  }
  const [own, other] = [least(ours), least(theirs)];
  const cells: readonly (readonly [value: number | string, width: number])[] = [
    [count, 5],
    [tokens, 8],
    [own.cpu.toFixed(1), 15],
    [other.cpu.toFixed(1), 13],
    [(own.cpu / other.cpu).toFixed(2), 7],
    [own.wall.toFixed(1), 11],
    [other.wall.toFixed(1), 9],
    [gap.toExponential(1), 13],
  ];
  process.stdout.write(`${cells.map(([value, width]) => String(value).padStart(width)).join("")}\n`);
}
