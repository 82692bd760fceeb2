// `octavo bench latency` and `throughput`: the engine alone, without HTTP.
import type { Engine } from "@octavo/engine";
import { ProgressBar } from "./progress-bar.js";
import { randomPrompts } from "./random-prompts.js";
import { distribution } from "./statistics.js";

export interface LatencyOptions {
  readonly inputLen: number;
  readonly outputLen: number;
  readonly batchSize: number;
  readonly numIters: number;
  readonly numItersWarmup: number;
  readonly seed: number;
}

/** Seconds; percentiles by percent. Names are those of vLLM's JSON. */
export interface LatencyResult {
  readonly avg_latency: number;
  readonly latencies: readonly number[];
  readonly percentiles: Readonly<Record<string, number>>;
}

const LATENCY_PERCENTS = [10, 25, 50, 75, 90, 99];

/** How long one batch takes, again and again. Prompts differ each time, so that no prefix is found. */
export async function benchLatency(engine: Engine, options: LatencyOptions): Promise<LatencyResult> {
  const { batchSize, numIters, numItersWarmup, inputLen, outputLen, seed } = options;
  const rounds = numItersWarmup + numIters;
  const { vocabSize } = engine.info;
  const prompts = randomPrompts({ count: rounds * batchSize, inputLen, seed, vocabSize });
  const progress = new ProgressBar(rounds, "iterations");
  const latencies: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const started = performance.now();
    await runAll(engine, prompts.slice(round * batchSize, (round + 1) * batchSize), outputLen);
    if (round >= numItersWarmup) latencies.push((performance.now() - started) / 1000);
    progress.advance();
  }
  progress.end();
  const { mean, percentiles } = distribution(latencies, LATENCY_PERCENTS);
  return { avg_latency: mean, latencies, percentiles: Object.fromEntries(percentiles) };
}

export interface ThroughputOptions {
  readonly numPrompts: number;
  readonly inputLen: number;
  readonly outputLen: number;
  readonly seed: number;
}

/** Names are those of vLLM's JSON. */
export interface ThroughputResult {
  readonly elapsed_time: number;
  readonly num_requests: number;
  readonly total_num_tokens: number;
  readonly requests_per_second: number;
  readonly tokens_per_second: number;
  readonly output_tokens_per_second: number;
}

/** All prompts at once, as fast as they go. */
export async function benchThroughput(engine: Engine, options: ThroughputOptions): Promise<ThroughputResult> {
  const { numPrompts, inputLen, outputLen, seed } = options;
  const prompts = randomPrompts({ count: numPrompts, inputLen, seed, vocabSize: engine.info.vocabSize });
  const progress = new ProgressBar(numPrompts, "requests");
  const started = performance.now();
  const outputTokens = await runAll(engine, prompts, outputLen, () => progress.advance());
  const seconds = (performance.now() - started) / 1000;
  progress.end();
  const tokens = numPrompts * inputLen + outputTokens;
  return {
    elapsed_time: seconds,
    num_requests: numPrompts,
    total_num_tokens: tokens,
    requests_per_second: numPrompts / seconds,
    tokens_per_second: tokens / seconds,
    output_tokens_per_second: outputTokens / seconds,
  };
}

/** @returns generated tokens */
async function runAll(
  engine: Engine,
  prompts: readonly number[][],
  maxTokens: number,
  onEnd?: () => void,
): Promise<number> {
  const run = async (prompt: number[]) => {
    let tokens = 0;
    const stream = engine.submit({ prompt, params: { maxTokens, ignoreEos: true, temperature: 0 } });
    for await (const { tokenIds } of stream) tokens += tokenIds.length;
    onEnd?.();
    return tokens;
  };
  const counts = await Promise.all(prompts.map(run));
  return counts.reduce((sum, count) => sum + count, 0);
}
