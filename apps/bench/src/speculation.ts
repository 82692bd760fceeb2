// What speculative decoding gains and costs: the same requests with and without it, in turns, on two engines of one process.
import { parseArgs } from "node:util";
import { type EngineOptions, LLM, speculativeConfigOf } from "@octavo/engine";
import { cpuSeconds } from "./cpu-time.js";
import { describeMachine } from "./machine.js";
import { median, type Run, rounded, sideBySide } from "./side-by-side.js";

const USAGE = `usage: node apps/bench/dist/speculation.js MODEL [--config JSON] [--rounds N] [--tokens N] [--running N]
         [--threads N] [--temperature T] [--device cpu|cuda]
  MODEL      folder or GGUF file of a chat model
  --config   as --speculative-config (default: {"method": "ngram"})
  --rounds   pairs of runs of each workload (default: 5); one before them is not counted
  --tokens   outputs' length at most (default: 192)
  --running  requests at once (default: 1)`;

const TEXT =
  `The lighthouse on the northern cape was built in 1871 by a small crew of masons. It stands forty meters above the sea and its
lamp can be seen from thirty kilometers away. Every evening the keeper climbs the two hundred and twelve steps to light the lamp, and
every morning he climbs them again to put it out. In winter the storms are so strong that the spray reaches the windows of the lamp
room. The keeper writes the weather, the ships and the birds into a large book, which is sent to the capital once a year. Nobody knows
whether anybody there has ever read it.`.replaceAll("\n", " ");

/** For request `i` of a round. */
type Ask = (i: number) => string;

const SUBJECTS = [
  "a fox",
  "a clockmaker",
  "the moon",
  "an old bridge",
  "two sisters",
  "a lost letter",
  "a storm",
  "a violin",
];
const WORDS = ["keeper", "lamp", "morning", "storms", "masons", "birds", "sea", "book"];

const WORKLOADS: Readonly<Record<string, Ask>> = {
  // One change, and everything else to look up.
  edit: (i) =>
    `Repeat this text exactly, but write ${WORDS[i % WORDS.length]!.toUpperCase()} in capital letters:\n\n${TEXT}`,
  // Nothing to look up but what the answer itself repeats.
  story: (i) => `Write a story about ${SUBJECTS[i % SUBJECTS.length]} in a country far away. Never repeat yourself.`,
};

interface ChatRun extends Run {
  readonly tokens: number;
  readonly outputs: string;
}

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      config: { type: "string", default: '{"method": "ngram"}' },
      rounds: { type: "string", default: "5" },
      tokens: { type: "string", default: "192" },
      running: { type: "string", default: "1" },
      threads: { type: "string" },
      temperature: { type: "string", default: "0" },
      device: { type: "string", default: "cpu" },
    },
  });
  const [model] = positionals;
  if (model === undefined) throw new Error(USAGE);
  const [rounds, maxTokens, running] = [values.rounds, values.tokens, values.running].map(Number) as [
    number,
    number,
    number,
  ];
  const speculativeConfig = speculativeConfigOf(JSON.parse(values.config));
  const common: EngineOptions = {
    device: values.device as EngineOptions["device"],
    maxNumSeqs: Math.max(8, running),
    maxModelLen: 2048,
    enablePrefixCaching: false,
    ...(values.threads === undefined ? {} : { numThreads: Number(values.threads) }),
  };
  await using plain = await LLM.load(model, common);
  await using drafting = await LLM.load(model, { ...common, speculativeConfig });
  console.error(`${describeMachine()}; ${plain.info.device}; ${running} at once; ${JSON.stringify(speculativeConfig)}`);
  for (const [workload, ask] of Object.entries(WORKLOADS)) {
    const before = drafting.stats;
    const { ratios, first, second } = await sideBySide(plain, drafting, rounds, (llm, round) => {
      const prompts = Array.from({ length: running }, (_, i) => ask(round * running + i));
      return run(llm, prompts, { maxTokens, temperature: Number(values.temperature), seed: round });
    });
    const other = first.findIndex(({ outputs }, i) => outputs !== second[i]!.outputs);
    if (other >= 0) throw new Error(`${workload}, round ${other + 1}: the outputs differ`);
    const speed = (runs: readonly ChatRun[]) => rounded(median(runs.map(({ tokens, seconds }) => tokens / seconds)), 1);
    const { numDrafts, numDraftTokens, numAcceptedTokens, steps, generationTokens } = drafting.stats;
    const drafted = numDraftTokens - before.numDraftTokens;
    const result = {
      workload,
      running,
      plain_tokens_per_s: speed(first),
      drafting_tokens_per_s: speed(second),
      ...ratios,
      acceptance: rounded((numAcceptedTokens - before.numAcceptedTokens) / Math.max(1, drafted), 3),
      drafts: numDrafts - before.numDrafts,
      draft_tokens: drafted,
      tokens_per_step: rounded((generationTokens - before.generationTokens) / (steps - before.steps), 2),
    };
    console.log(`RESULT ${JSON.stringify(result)}`);
  }
}

/** Decodes all prompts at once. The time runs from the first token that any of them gives. */
async function run(llm: LLM, prompts: readonly string[], params: object): Promise<ChatRun> {
  let first = 0;
  let cpu = process.cpuUsage();
  let tokens = 0;
  const read = async (stream: AsyncIterable<{ readonly tokenIds: readonly number[] }>) => {
    const ids: number[] = [];
    for await (const chunk of stream) {
      if (first === 0) [first, cpu] = [performance.now(), process.cpuUsage()];
      else tokens += chunk.tokenIds.length;
      ids.push(...chunk.tokenIds);
    }
    return ids;
  };
  const streams = prompts.map((content) => llm.chat([{ role: "user", content }], params));
  const outputs = await Promise.all(streams.map(read));
  const seconds = (performance.now() - first) / 1000;
  return { tokens, seconds, cpuSeconds: cpuSeconds(cpu), outputs: JSON.stringify(outputs) };
}

try {
  await main();
} catch (error) {
  console.error(`speculation: ${(error as Error).message}`);
  process.exitCode = 1;
}
