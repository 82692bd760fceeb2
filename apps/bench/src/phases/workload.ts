// What each phase runs, and the figures that it gives. Conditions, names and keys are those of the benchmark of vLLM that the
// figures stand beside (docs/performance.md): greedy, end tokens ignored, random prompts of token ids.
import type { LLM } from "@octavo/engine";
import { PythonRandom } from "@octavo/scheduler/simulator";
import { rounded } from "../side-by-side.js";

export type Figures = Readonly<Record<string, string | number | readonly number[]>>;
export type Report = (figures: Figures) => void;
export type Phase = (bench: Bench, report: Report) => Promise<void>;

const BATCHES = [1, 2, 4, 8, 16, 32, 64, 128, 256];
const SHORT_TOKENS = 32;
const LONG_TOKENS = 288;
const LOWEST_ID = 100;
const HIGHEST_ID = 100_000;

/** Runs requests on a loaded engine. */
export class Bench {
  readonly #llm: LLM;
  readonly #highestId: number;

  constructor(llm: LLM) {
    this.#llm = llm;
    this.#highestId = Math.min(HIGHEST_ID, llm.info.vocabSize - 1);
  }

  /**
   * One request for each prompt length, all submitted at once.
   * @param seed of the prompts' tokens: repetitions with another one find nothing in the prefix cache
   * @returns seconds until all are done
   */
  async run(promptLengths: readonly number[], outputLengths: readonly number[], seed: number): Promise<number> {
    const random = new PythonRandom(seed);
    const prompts = promptLengths.map((length) =>
      Array.from({ length }, () => random.randint(LOWEST_ID, this.#highestId)),
    );
    const start = performance.now();
    const outputs = await Promise.all(
      prompts.map((prompt, i) =>
        this.#llm.generate(prompt, { temperature: 0, ignoreEos: true, maxTokens: outputLengths[i]! }),
      ),
    );
    const seconds = (performance.now() - start) / 1000;
    const tokens = outputs.reduce((total, { tokenIds }) => total + tokenIds.length, 0);
    if (tokens !== sum(outputLengths)) throw new Error(`${tokens} tokens came, not ${sum(outputLengths)}`);
    return seconds;
  }

  /** `batch` requests of the same lengths. */
  batch(batch: number, promptLength: number, outputLength: number, seed: number): Promise<number> {
    return this.run(repeat(promptLength, batch), repeat(outputLength, batch), seed);
  }
}

/** Decode: what 256 tokens more take with short contexts. Prefill: one token after a long prompt. */
const latency: Phase = async (bench, report) => {
  for (const batch of BATCHES) {
    const steps: number[] = [];
    for (let i = 0; i < (batch < 64 ? 3 : 2); i++) {
      const short = await bench.batch(batch, 128, SHORT_TOKENS, 10 * i + 1);
      const long = await bench.batch(batch, 128, LONG_TOKENS, 10 * i + 2);
      steps.push(((long - short) / (LONG_TOKENS - SHORT_TOKENS)) * 1000);
    }
    const tok_s = Math.round((batch / Math.min(...steps)) * 1000);
    report({ phase: "decode", batch, ms_per_step: steps.map((ms) => rounded(ms, 3)), tok_s });
  }
  for (const length of [1024, 8192, 32768]) {
    const seconds: number[] = [];
    for (let i = 0; i < 3; i++) seconds.push(await bench.run([length], [1], 100 + i));
    const tok_s = Math.round(length / Math.min(...seconds));
    report({ phase: "prefill", length, s: seconds.map((s) => rounded(s, 4)), tok_s });
  }
};

/** Decode of one request with a long context. The repeated prompt comes from the prefix cache. */
const context: Phase = async (bench, report) => {
  for (const length of [4096, 32000]) {
    const fastest = async (tokens: number) =>
      Math.min(await bench.run([length], [tokens], 7), await bench.run([length], [tokens], 7));
    const short = await fastest(16);
    report({ phase: "decode_ctx", length, ms_per_step: rounded((((await fastest(144)) - short) / 128) * 1000, 3) });
  }
};

/** NREQ requests (768) of 1,000 tokens in and 1,000 out. */
const throughput: Phase = async (bench, report) => {
  const requests = throughputRequests();
  const seconds = await bench.batch(requests, 1000, 1000, 5);
  const out_tok_s = Math.round((requests * 1000) / seconds);
  report({ phase: "throughput_1000_1000", requests, s: rounded(seconds, 2), out_tok_s });
};

/** 256 requests of 100 to 1,024 tokens in and out, as nano-vllm's benchmark has them. */
const nano: Phase = async (bench, report) => {
  const random = new PythonRandom(0);
  const lengths = () => Array.from({ length: 256 }, () => random.randint(100, 1024));
  const inputs = lengths();
  const outputs = lengths();
  const seconds = await bench.run(inputs, outputs, 6);
  report({ phase: "nano_256", s: rounded(seconds, 2), out_tok_s: Math.round(sum(outputs) / seconds) });
};

/** By the name on the command line. */
export const PHASES: Readonly<Record<string, Phase>> = { lat: latency, ctx: context, thr: throughput, nano };

/** How many requests the throughput phase runs. */
export function throughputRequests(): number {
  const text = process.env.NREQ || "768";
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`NREQ is ${text}, a number of requests was expected`);
  return Number(text);
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

function repeat(value: number, count: number): number[] {
  return new Array<number>(count).fill(value);
}
