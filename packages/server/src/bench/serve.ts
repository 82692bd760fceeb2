// `octavo bench serve`: drives a server over HTTP as clients would, and measures what they see.
import { OctavoError } from "@octavo/core";
import { streamCompletion } from "../client/completion-stream.js";
import type { Connection } from "../client/connect.js";
import type { ProgressBar } from "./progress-bar.js";
import { arrivals, randomNumbers, randomPrompts } from "./random-prompts.js";
import { type Distribution, distribution } from "./statistics.js";

export interface ServeBenchOptions {
  readonly numPrompts: number;
  readonly inputLen: number;
  readonly outputLen: number;
  /** Requests a second; Infinity: all at once. */
  readonly requestRate: number;
  /** Requests in flight at most; undefined: no limit. */
  readonly maxConcurrency?: number;
  readonly seed: number;
  readonly percentiles: readonly number[];
  /** Prompts of words instead of token ids, for servers that take text only. */
  readonly textPrompts?: boolean;
  /** Whether the model may end its text before `outputLen`. Default false: `ignore_eos` is sent. */
  readonly allowEos?: boolean;
}

/** What one request took; milliseconds. */
interface Measurement {
  readonly ttft: number;
  readonly latency: number;
  readonly gaps: readonly number[];
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export interface ServeBenchResult {
  readonly completed: number;
  readonly failed: number;
  /** The first failure's message. */
  readonly firstError: string | null;
  /** Seconds. */
  readonly duration: number;
  readonly totalInputTokens: number;
  readonly totalOutputTokens: number;
  /** Milliseconds: time to first token, time per output token after it, between two pieces, from end to end. */
  readonly ttft: Distribution;
  readonly tpot: Distribution;
  readonly itl: Distribution;
  readonly e2el: Distribution;
}

/** Below every common vocabulary's size: a server does not tell its own. */
const VOCAB_SIZE = 1024;

const WORDS = [
  "time",
  "house",
  "water",
  "small",
  "light",
  "under",
  "green",
  "stone",
  "paper",
  "night",
  "river",
  "over",
];

export async function benchServe(
  connection: Connection,
  options: ServeBenchOptions,
  progress: ProgressBar,
): Promise<ServeBenchResult> {
  const { numPrompts, inputLen, requestRate, seed, percentiles, maxConcurrency = Number.POSITIVE_INFINITY } = options;
  const prompts = options.textPrompts
    ? textPrompts(numPrompts, inputLen, seed)
    : randomPrompts({ count: numPrompts, inputLen, seed, vocabSize: VOCAB_SIZE });
  // So that a wrong address, name or prompt is one message and not a thousand, and nothing is measured cold.
  await measure(connection, prompts[0]!, options);

  const measured: Measurement[] = [];
  let firstError: string | null = null;
  let failed = 0;
  let running = 0;
  const waiting: (() => void)[] = [];
  const run = async (prompt: number[] | string, start: number) => {
    await sleepUntil(start);
    if (running >= maxConcurrency) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      measured.push(await measure(connection, prompt, options));
    } catch (error) {
      failed++;
      firstError ??= OctavoError.from(error).message;
    }
    // The place goes to who waits longest, or is free.
    const next = waiting.shift();
    if (next) next();
    else running--;
    progress.advance();
  };
  const started = performance.now();
  const times = arrivals(numPrompts, requestRate, seed);
  await Promise.all(prompts.map((prompt, i) => run(prompt, started + 1000 * times[i]!)));
  const duration = (performance.now() - started) / 1000;
  progress.end();

  const of = (values: (measurement: Measurement) => readonly number[]) =>
    distribution(measured.flatMap(values), percentiles);
  return {
    completed: measured.length,
    failed,
    firstError,
    duration,
    totalInputTokens: measured.reduce((sum, { inputTokens }) => sum + inputTokens, 0),
    totalOutputTokens: measured.reduce((sum, { outputTokens }) => sum + outputTokens, 0),
    ttft: of(({ ttft }) => [ttft]),
    tpot: of(({ ttft, latency, outputTokens: n }) => (n > 1 ? [(latency - ttft) / (n - 1)] : [])),
    itl: of(({ gaps }) => gaps),
    e2el: of(({ latency }) => [latency]),
  };
}

async function measure(
  { fetchPath, model }: Connection,
  prompt: number[] | string,
  { inputLen, outputLen, allowEos }: ServeBenchOptions,
): Promise<Measurement> {
  const body = { model, prompt, max_tokens: outputLen, temperature: 0, ...(!allowEos && { ignore_eos: true }) };
  const started = performance.now();
  let last = started;
  let ttft = 0;
  let pieces = 0;
  const gaps: number[] = [];
  let usage: { prompt_tokens: number; completion_tokens: number } | undefined;
  for await (const piece of streamCompletion(fetchPath, "/v1/completions", body)) {
    usage = piece.usage ?? usage;
    // The piece with the usage alone has no token.
    if (piece.usage && piece.text === "" && piece.finishReason === null) continue;
    const now = performance.now();
    if (pieces++ === 0) ttft = now - started;
    else gaps.push(now - last);
    last = now;
  }
  if (pieces === 0) throw new OctavoError({ code: "INTERNAL", message: "the server ended the stream without a token" });
  return {
    ttft,
    latency: last - started,
    gaps,
    inputTokens: usage?.prompt_tokens ?? inputLen,
    outputTokens: usage?.completion_tokens ?? pieces,
  };
}

/** About one token a word. */
function textPrompts(count: number, inputLen: number, seed: number): string[] {
  const random = randomNumbers(seed);
  const word = () => WORDS[Math.floor(random() * WORDS.length)]!;
  return Array.from({ length: count }, () => Array.from({ length: inputLen }, word).join(" "));
}

async function sleepUntil(time: number): Promise<void> {
  const left = time - performance.now();
  if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
}
