// The command line: names, defaults and checks of the flags. vLLM's words wherever the meaning is the same.
import { Command, InvalidArgumentError, Option } from "commander";
import { LOG_LEVELS } from "./logging/logger.js";
import type { ServeFlags } from "./run-serve.js";
import { version } from "./version.js";

const DEVICES = ["auto", "cpu", "cuda"];
const LOAD_FORMATS = ["auto", "safetensors", "gguf", "dummy"];
const DTYPES = ["auto", "half", "float16", "bfloat16", "float", "float32"];

type Serve = (model: string | undefined, flags: ServeFlags) => Promise<void>;

/** @param serve what `octavo serve` does */
export function createProgram(serve: Serve): Command {
  const program = new Command("octavo")
    .description("An LLM inference and serving engine for Node.js.")
    .version(version)
    .showHelpAfterError("(--help lists the flags)");
  program
    .command("serve")
    .description("serve a model over the OpenAI API")
    .argument(
      "[MODEL]",
      "folder with config.json, tokenizer.json and safetensors, or a GGUF file (default: @octavo/model-pocket)",
    )
    .option("--host <host>", "address to listen on", nonEmpty, "127.0.0.1")
    .addOption(portOption())
    .option("--served-model-name <name...>", "names that requests may use (default: MODEL)", collect)
    .option("--api-key <key>", "key that clients must send; repeatable (env: OCTAVO_API_KEY)", collect)
    .addOption(
      new Option("--dtype <dtype>", "dtype of weights, activations and KV cache").choices(DTYPES).default("auto"),
    )
    .addOption(
      new Option("--load-format <format>", "where weights come from; dummy: random ones, from the config alone")
        .choices(LOAD_FORMATS)
        .default("auto"),
    )
    .option("--dequantize", "decode a GGUF file's blocks to --dtype: exact, but larger and slower")
    .option("--skip-tokenizer-init", "no tokenizer: prompts are token ids, replies have no text")
    .option(
      "--max-model-len <tokens>",
      "prompt and output together; auto: what fits (default: the model's limit)",
      length,
    )
    .option("--max-num-seqs <requests>", "requests that run at once (default: 256)", positive)
    .option("--max-num-batched-tokens <tokens>", "tokens a step computes at most (default: 2048)", positive)
    .option("--max-num-queued-reqs <requests>", "requests in flight, more get a 503 (default: 4096)", positive)
    .option("--max-logprobs <tokens>", "most likely tokens that a request may ask to see (default: 20)", count)
    .option("--gpu-memory-utilization <share>", "share of a GPU's memory for this engine (default: 0.9)", share)
    .option(
      "--kv-cache-memory-bytes <bytes>",
      "memory for the KV cache (default: what the share leaves; CPU: 0.25 to 4 GiB)",
      positive,
    )
    .addOption(
      new Option("--device <device>", "backend; auto: a GPU where there is one").choices(DEVICES).default("auto"),
    )
    .option("--enforce-eager", "no CUDA graphs: same tokens, slower")
    .option("--batch-invariant", "on a GPU: a request's tokens do not depend on what else runs, at some cost")
    .option("--shutdown-timeout <seconds>", "how long running requests may finish after a signal", seconds, 30)
    .addOption(new Option("--log-level <level>", "what is logged to stderr").choices(LOG_LEVELS).default("info"))
    .action(serve);
  return program;
}

function collect(value: string, previous: readonly string[] = []): string[] {
  return [...previous, nonEmpty(value)];
}

function nonEmpty(value: string): string {
  if (value === "") throw new InvalidArgumentError("It must not be empty.");
  return value;
}

/** An empty PORT counts as none: shells and compose files write unset variables so. */
function portOption(): Option {
  const option = new Option("--port <port>", "port to listen on; 0: any").default(8000).argParser(port);
  return process.env.PORT === "" ? option : option.env("PORT");
}

function positive(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError("It must be a whole number of at least 1.");
}

function count(text: string): number {
  return text === "0" ? 0 : positive(text);
}

function length(text: string): number | "auto" {
  if (text === "auto" || text === "-1") return "auto";
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError("It must be a whole number of at least 1, or auto.");
}

function share(text: string): number {
  const value = Number(text);
  if (/^\d*\.?\d+$/.test(text) && value > 0 && value <= 1) return value;
  throw new InvalidArgumentError("It must be above 0 and at most 1, such as 0.9.");
}

function port(text: string): number {
  if (/^\d+$/.test(text) && Number(text) <= 65535) return Number(text);
  throw new InvalidArgumentError("It must be a number from 0 to 65535.");
}

function seconds(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text) && Number(text) <= 2 ** 20) return Number(text);
  throw new InvalidArgumentError("It must be a number of seconds.");
}
