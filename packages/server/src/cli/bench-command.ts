// `octavo bench`: latency, throughput, serve, with the main flags of vLLM's.
import type { EngineOptions, LLM } from "@octavo/engine";
import { Command, Option } from "commander";
import type { LatencyOptions, ThroughputOptions } from "../bench/offline.js";
import type { ServeBenchOptions, ServeBenchResult } from "../bench/serve.js";
import type { Row } from "../bench/table.js";
import { addEngineFlags } from "./engine-flags.js";
import { decimal, nonEmpty, positive, rate, serverUrl, wholeNumber } from "./flag-values.js";

interface OutputFlags {
  readonly json?: boolean;
  /** The file of flags, which is read by then. */
  readonly config?: string;
}

export function benchCommand(): Command {
  return new Command("bench")
    .description("measure an engine, or any OpenAI-compatible server")
    .addCommand(latencyCommand())
    .addCommand(throughputCommand())
    .addCommand(serveCommand())
    .addHelpText(
      "after",
      `
Examples:
  octavo bench latency ./my-model --batch-size 1 --input-len 512 --output-len 64
  octavo bench serve --base-url http://127.0.0.1:8000 --num-prompts 100 --request-rate 4`,
    );
}

function latencyCommand(): Command {
  const command = workload(new Command("latency"), { inputLen: 32, outputLen: 128 })
    .description("how long one batch of requests takes")
    .argument("[MODEL]", "folder, GGUF file or name on a hub of a model (default: @octavo/model-pocket)")
    .option("--batch-size <requests>", "requests that start together", positive, 8)
    .option("--num-iters <count>", "measured batches", positive, 30)
    .option("--num-iters-warmup <count>", "batches before them", wholeNumber, 10);
  return addEngineFlags(command).action(runLatency);
}

function throughputCommand(): Command {
  const command = workload(new Command("throughput"), { inputLen: 1024, outputLen: 128 })
    .description("how many tokens a second many requests get together")
    .argument("[MODEL]", "folder, GGUF file or name on a hub of a model (default: @octavo/model-pocket)")
    .option("--num-prompts <count>", "requests, all at once", positive, 1000);
  return addEngineFlags(command).action(runThroughput);
}

function serveCommand(): Command {
  return workload(new Command("serve"), { inputLen: 1024, outputLen: 128 })
    .description("what clients of an OpenAI-compatible server see")
    .option("--base-url <url>", "the server's address", serverUrl, "http://127.0.0.1:8000")
    .option("--model <name>", "which of its models (default: the first)", nonEmpty)
    .option("--api-key <key>", "its key (env: OCTAVO_API_KEY)", nonEmpty)
    .option("--num-prompts <count>", "requests", positive, 1000)
    .addOption(
      new Option("--request-rate <number>", "requests a second, a Poisson process; inf: all at once")
        .argParser(rate)
        .default(Number.POSITIVE_INFINITY, "inf"),
    )
    .option("--max-concurrency <count>", "requests in flight at most", positive)
    .option("--metric-percentiles <list>", "such as 50,90,99", percents, [50, 90, 99])
    .option("--text-prompts", "prompts of words, for servers that take no token ids")
    .option("--allow-eos", "let the model end its text before --output-len, for servers without ignore_eos")
    .action(runServe);
}

function workload(command: Command, { inputLen, outputLen }: { inputLen: number; outputLen: number }): Command {
  return command
    .optionsGroup("Workload, random prompts:")
    .option("--input-len <tokens>", "tokens a prompt", positive, inputLen)
    .option("--output-len <tokens>", "tokens an answer", positive, outputLen)
    .option("--seed <number>", "the same seed gives the same prompts", wholeNumber, 0)
    .option("--json", "the result as JSON on stdout, for programs");
}

function percents(text: string): number[] {
  return text.split(",").map((part) => decimal(part));
}

async function loadEngine(folder: string | undefined, options: EngineOptions): Promise<LLM> {
  const [{ LLM }, { defaultModelFolder }, { DownloadBar }] = await Promise.all([
    import("@octavo/engine"),
    import("../default-model.js"),
    import("./download-bar.js"),
  ]);
  const { update: onDownloadProgress } = new DownloadBar();
  return LLM.load(folder ?? (await defaultModelFolder()), { onDownloadProgress, ...options });
}

async function print(title: string, rows: readonly (Row | string)[], result: object, json = false): Promise<void> {
  const { formatTable } = await import("../bench/table.js");
  process.stdout.write(json ? `${JSON.stringify(result, null, 2)}\n` : formatTable(title, rows));
}

async function runLatency(folder: string | undefined, flags: LatencyOptions & EngineOptions & OutputFlags) {
  const { json, config: _, inputLen, outputLen, batchSize, numIters, numItersWarmup, seed, ...options } = flags;
  const { benchLatency } = await import("../bench/offline.js");
  await using engine = await loadEngine(folder, options);
  const result = await benchLatency(engine, { inputLen, outputLen, batchSize, numIters, numItersWarmup, seed });
  const rows: Row[] = [
    ["average, s", result.avg_latency],
    ...Object.entries(result.percentiles).map(([percent, value]): Row => [`p${percent}, s`, value]),
    ["output tokens/s", (batchSize * outputLen) / result.avg_latency],
  ];
  await print(`${batchSize} requests of ${inputLen} + ${outputLen} tokens`, rows, result, json);
}

async function runThroughput(folder: string | undefined, flags: ThroughputOptions & EngineOptions & OutputFlags) {
  const { json, config: _, numPrompts, inputLen, outputLen, seed, ...options } = flags;
  const { benchThroughput } = await import("../bench/offline.js");
  await using engine = await loadEngine(folder, { maxNumQueuedReqs: Math.max(4096, numPrompts), ...options });
  const result = await benchThroughput(engine, { numPrompts, inputLen, outputLen, seed });
  const rows: Row[] = [
    ["duration, s", result.elapsed_time],
    ["requests/s", result.requests_per_second],
    ["tokens/s", result.tokens_per_second],
    ["output tokens/s", result.output_tokens_per_second],
  ];
  await print(`${numPrompts} requests of ${inputLen} + ${outputLen} tokens`, rows, result, json);
}

interface ServeBenchFlags extends Omit<ServeBenchOptions, "percentiles">, OutputFlags {
  readonly baseUrl: string;
  readonly model?: string;
  readonly apiKey?: string;
  readonly metricPercentiles: readonly number[];
}

async function runServe(flags: ServeBenchFlags): Promise<void> {
  const { json, config: _, baseUrl, model, apiKey, metricPercentiles: percentiles, ...options } = flags;
  const [{ benchServe }, { connectToServer }, { ProgressBar }] = await Promise.all([
    import("../bench/serve.js"),
    import("../client/connect.js"),
    import("../bench/progress-bar.js"),
  ]);
  await using connection = await connectToServer({ url: baseUrl, modelName: model, apiKey });
  const progress = new ProgressBar(options.numPrompts, "requests");
  const result = await benchServe(connection, { ...options, percentiles }, progress);
  const title = `${options.numPrompts} requests of ${options.inputLen} + ${options.outputLen} tokens to ${connection.model}`;
  await print(title, serveRows(result), serveJson(result), json);
  if (result.failed > 0) {
    process.stderr.write(`octavo: ${result.failed} requests failed, the first with: ${result.firstError}\n`);
    process.exitCode = 1;
  }
}

const PARTS = [
  ["ttft", "time to first token, ms"],
  ["tpot", "time per output token, ms"],
  ["itl", "inter-token latency, ms"],
  ["e2el", "end-to-end latency, ms"],
] as const;

function serveRows(result: ServeBenchResult): (Row | string)[] {
  const { completed, failed, duration, totalInputTokens, totalOutputTokens } = result;
  return [
    ["completed requests", completed],
    ["failed requests", failed],
    ["duration, s", duration],
    ["input tokens", totalInputTokens],
    ["output tokens", totalOutputTokens],
    ["requests/s", completed / duration],
    ["output tokens/s", totalOutputTokens / duration],
    ["tokens/s", (totalInputTokens + totalOutputTokens) / duration],
    ...PARTS.flatMap(([part, name]): (Row | string)[] => {
      const { mean, median, percentiles } = result[part];
      const rows = [...percentiles].map(([percent, value]): Row => [`  p${percent}`, value]);
      return [name, ["  mean", mean], ["  median", median], ...rows];
    }),
  ];
}

/** Under the names of vLLM's result file. */
function serveJson(result: ServeBenchResult): Record<string, unknown> {
  const { completed, failed, duration, totalInputTokens, totalOutputTokens } = result;
  const parts = PARTS.flatMap(([part]) => {
    const { mean, median, percentiles } = result[part];
    const others = [...percentiles].map(([percent, value]) => [`p${percent}_${part}_ms`, value] as const);
    return [[`mean_${part}_ms`, mean] as const, [`median_${part}_ms`, median] as const, ...others];
  });
  return {
    duration,
    completed,
    failed,
    total_input_tokens: totalInputTokens,
    total_output_tokens: totalOutputTokens,
    request_throughput: completed / duration,
    output_throughput: totalOutputTokens / duration,
    total_token_throughput: (totalInputTokens + totalOutputTokens) / duration,
    ...Object.fromEntries(parts),
  };
}
