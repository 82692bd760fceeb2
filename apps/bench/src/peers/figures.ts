// The figures that peers are compared by, each a number of tokens per second.
import type { PythonRandom } from "@octavo/scheduler/simulator";
import { watchOthers } from "./busy.js";
import type { PeerEngine } from "./peer.js";

export interface Rate {
  /** Tokens per second, by the clock of whoever asks for them. */
  readonly rate: number;
  /** Tokens per second of the time that the peer itself says it computed; undefined where it does not say. */
  readonly computeRate?: number | undefined;
  /** Tokens per second of CPU time of the peer's process, all its threads together: what a busy machine changes least. */
  readonly cpuRate: number;
  /** The share of the CPU that other processes took meanwhile, 0 to 1. */
  readonly othersShare: number;
}

export interface Figure {
  readonly name: string;
  measure(engine: PeerEngine, random: PythonRandom): Promise<Rate>;
}

/** Every vocabulary that is compared has these. */
const LOWEST_ID = 100;
const HIGHEST_ID = 4000;
const DECODE_PROMPT = 16;
const SHORT = 17;

export interface FigureOptions {
  /** Requests at once, for decode. */
  readonly batches: readonly number[];
  /** Tokens of each request that decode is timed by. */
  readonly decodeTokens: number;
  /** Prompt lengths, for prefill. */
  readonly prefills: readonly number[];
}

/** Decode: what `decodeTokens` tokens more take, so that the prompt drops out. Prefill: one token after a long prompt. */
export function figures({ batches, decodeTokens, prefills }: FigureOptions): Figure[] {
  return [
    ...batches.map((batch) => ({
      name: `decode, batch ${batch}`,
      async measure(engine: PeerEngine, random: PythonRandom) {
        const long = SHORT + decodeTokens;
        await engine.prepare(batch, DECODE_PROMPT, long);
        const others = watchOthers();
        const few = await run(engine, random, batch, DECODE_PROMPT, SHORT);
        const many = await run(engine, random, batch, DECODE_PROMPT, long);
        return rate(batch * decodeTokens, few, many, others());
      },
    })),
    ...prefills.map((length) => ({
      name: `prefill of ${length}`,
      async measure(engine: PeerEngine, random: PythonRandom) {
        await engine.prepare(1, length, 1);
        const others = watchOthers();
        const times = await run(engine, random, 1, length, 1);
        return rate(length, { seconds: 0, cpu: 0, compute: 0 }, times, others());
      },
    })),
  ];
}

interface Times {
  readonly seconds: number;
  /** Of all threads of this process together. */
  readonly cpu: number;
  readonly compute: number | undefined;
}

async function run(
  engine: PeerEngine,
  random: PythonRandom,
  requests: number,
  promptTokens: number,
  outputTokens: number,
): Promise<Times> {
  const id = () => random.randint(LOWEST_ID, HIGHEST_ID);
  const prompts = Array.from({ length: requests }, () => Array.from({ length: promptTokens }, id));
  await engine.computeSeconds?.();
  const cpuStart = process.cpuUsage();
  const start = performance.now();
  const tokens = await engine.generate(prompts, outputTokens);
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpuStart);
  if (tokens !== requests * outputTokens) throw new Error(`${tokens} tokens came, not ${requests * outputTokens}`);
  return { seconds, cpu: (user + system) / 1e6, compute: await engine.computeSeconds?.() };
}

function rate(tokens: number, before: Times, after: Times, othersShare: number): Rate {
  const computed = after.compute === undefined ? undefined : after.compute - (before.compute ?? 0);
  return {
    rate: tokens / (after.seconds - before.seconds),
    cpuRate: tokens / (after.cpu - before.cpu),
    othersShare,
    ...(computed === undefined ? {} : { computeRate: tokens / computed }),
  };
}
