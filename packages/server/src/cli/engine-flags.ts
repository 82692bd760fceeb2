// The flags that load an engine, the same for every command that loads one.
import { generationConfigOf } from "@octavo/engine";
import { type Command, Option } from "commander";
import {
  collect,
  decimal,
  jsonOf,
  length,
  limit,
  milliseconds,
  nonEmpty,
  positive,
  share,
  wholeNumber,
} from "./flag-values.js";
import { addLocationFlags } from "./hub-flags.js";
import { addSpecFlags } from "./spec-flags.js";

const DEVICES = ["auto", "cpu", "cuda"];
const POLICIES = ["fcfs", "priority", "fairness"];
const RUNNERS = ["auto", "generate", "pooling"];
const LOAD_FORMATS = ["auto", "safetensors", "pt", "gguf", "dummy"];
const LOGPROBS_MODES = ["raw_logprobs", "processed_logprobs", "raw_logits", "processed_logits"];
export const DTYPES = ["auto", "half", "float16", "bfloat16", "float", "float32"];

/** Their values have the names of `EngineOptions`. */
export function addEngineFlags(command: Command): Command {
  return addSpecFlags(addOwnFlags(command));
}

function addOwnFlags(command: Command): Command {
  return addLocationFlags(command.optionsGroup("Model:"))
    .option("--tokenizer <model>", "folder, GGUF file or name on a hub of the tokenizer (default: MODEL)", nonEmpty)
    .option("--tokenizer-revision <revision>", "as --revision, of --tokenizer", nonEmpty)
    .addOption(
      new Option("--dtype <dtype>", "dtype of weights, activations and KV cache").choices(DTYPES).default("auto"),
    )
    .addOption(
      new Option("--load-format <format>", "where weights come from; dummy: random ones, from the config alone")
        .choices(LOAD_FORMATS)
        .default("auto"),
    )
    .addOption(
      new Option("--runner <runner>", "generate or make embeddings; auto: as the model's kind and files say")
        .choices(RUNNERS)
        .default("auto"),
    )
    .option("--dequantize", "decode a GGUF file's blocks to --dtype: exact, but larger and slower")
    .option("--skip-tokenizer-init", "no tokenizer: prompts are token ids, replies have no text")
    .option(
      "--max-model-len <tokens>",
      "prompt and output together; auto: what fits (default: the model's limit)",
      length,
    )
    .optionsGroup("Batching:")
    .option("--max-num-seqs <requests>", "requests that run at once (default: 256)", positive)
    .option("--max-num-batched-tokens <tokens>", "tokens a step computes at most (default: 2048)", positive)
    .option("--max-num-queued-reqs <requests>", "requests in flight, more get a 503 (default: 4096)", positive)
    .option("--max-num-queued-tokens <tokens>", "prompt tokens that wait, more get a 503 (default: no bound)", positive)
    .addOption(
      new Option("--scheduling-policy <policy>", "who is served first; fairness: by user or key")
        .choices(POLICIES)
        .default("fcfs"),
    )
    .option("--max-num-partial-prefills <requests>", "prompts computed in parts at once (default: no bound)", positive)
    .option("--max-long-partial-prefills <requests>", "long ones of these (default: no bound)", positive)
    .option(
      "--long-prefill-token-threshold <tokens>",
      "a prompt's tokens a step; longer ones are long (default: no bound)",
      wholeNumber,
    )
    .option("--enable-chunked-prefill", "compute long prompts in parts, over several steps (default)")
    .option("--no-enable-chunked-prefill", "compute every prompt in one step; needs tokens for the longest in a step")
    .option(
      "--max-inter-token-latency-ms <ms>",
      "how long a prompt may delay the others' tokens (default: no bound)",
      milliseconds,
    )
    .optionsGroup("Sampling:")
    .option(
      "--generation-config <source>",
      "where sampling fields come from that requests leave out; auto: the model's generation_config.json, vllm: vLLM's defaults, or a folder (default: auto)",
      nonEmpty,
    )
    .option(
      "--override-generation-config <json>",
      'goes before its fields: {"temperature": 0.5, "max_new_tokens": 1000}',
      jsonOf(generationConfigOf),
    )
    .option("--stream-interval <tokens>", "of a chunk in streams, where a request leaves it out (default: 1)", positive)
    .option("--max-logprobs <tokens>", "most likely tokens that a request may see; -1: no limit (default: 20)", limit)
    .addOption(
      new Option("--logprobs-mode <mode>", "what logprobs are: raw: as the model gave them; processed: as sampled from")
        .choices(LOGPROBS_MODES)
        .default("raw_logprobs"),
    )
    .option(
      "--logits-processors <module...>",
      "modules that export a logits processor, or module:name; repeatable",
      collect,
    )
    .optionsGroup("Device and memory:")
    .addOption(
      new Option("--device <device>", "backend; auto: a GPU where there is one").choices(DEVICES).default("auto"),
    )
    .option("--gpu-memory-utilization <share>", "share of a GPU's memory for this engine (default: 0.9)", share)
    .option(
      "--kv-cache-memory-bytes <bytes>",
      "memory for the KV cache (default: what the share leaves; CPU: 0.25 to 4 GiB)",
      positive,
    )
    .option(
      "--block-size <tokens>",
      "tokens a block of the KV cache (default: what the device's kernels like)",
      positive,
    )
    .option("--enable-prefix-caching", "reuse what equal beginnings of prompts left in the KV cache (default)")
    .option("--no-enable-prefix-caching", "compute every prompt anew")
    .option(
      "--async-scheduling",
      "plan the next step while the device runs one (default: where it runs beside the host)",
    )
    .option("--no-async-scheduling", "plan a step when the one before it is done")
    .option(
      "--kv-offloading-size <GiB>",
      "host memory for cached blocks that the KV cache must give up (default: 0)",
      decimal,
    )
    .option("--kv-offloading-file <path>", "a file, not there yet, for blocks that this memory must give up", nonEmpty)
    .option("--kv-offloading-file-size <GiB>", "its size (default: 16)", decimal)
    .option("--disable-hybrid-kv-cache-manager", "keep all blocks, also those that no window of a layer sees any more")
    .option("--worker-extension-cls <module>", "module of a class whose methods /collective_rpc may call")
    .option("--enforce-eager", "no CUDA graphs: same tokens, slower")
    .option("--batch-invariant", "on a GPU: a request's tokens do not depend on what else runs, at some cost");
}
