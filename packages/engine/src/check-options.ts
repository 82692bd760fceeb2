// What can be said of an engine's options before a model is loaded, which takes long.
import { checkArgument } from "@octavo/core";
import { SCHEDULING_POLICIES } from "@octavo/scheduler";
import { type EngineOptions, resolveLogprobsMode, resolveRunner } from "./engine-options.js";
import { checkGenerationConfig } from "./generation-config.js";
import { checkKeys } from "./known-keys.js";
import { resolveFileSize, resolveOffloading, resolveUtilization } from "./memory-options.js";
import { flagName, wholeNumber } from "./option-values.js";
import { resolveMaxQueued, resolveMaxQueuedTokens } from "./queue-bounds.js";
import { resolveSeed } from "./resolve-seed.js";
import { resolveSpeculation } from "./speculation/speculative-config.js";
import { resolveStreamInterval } from "./stream-interval.js";

type Kind = "boolean" | "number" | "bigint" | "string" | "list" | "object" | "function";

/** What each option may be. */
const KINDS: Readonly<Record<keyof EngineOptions, readonly Kind[]>> = {
  revision: ["string"],
  tokenizer: ["string"],
  tokenizerRevision: ["string"],
  downloadDir: ["string"],
  hfToken: ["string"],
  onDownloadProgress: ["function"],
  device: ["string"],
  runner: ["string"],
  dtype: ["string"],
  loadFormat: ["string"],
  dequantize: ["boolean"],
  skipTokenizerInit: ["boolean"],
  maxModelLen: ["number", "string"],
  maxNumSeqs: ["number"],
  maxNumBatchedTokens: ["number"],
  maxNumQueuedReqs: ["number"],
  maxNumQueuedTokens: ["number"],
  schedulingPolicy: ["string"],
  longPrefillTokenThreshold: ["number"],
  maxNumPartialPrefills: ["number"],
  maxLongPartialPrefills: ["number"],
  enableChunkedPrefill: ["boolean"],
  maxInterTokenLatencyMs: ["number"],
  kvCacheMemoryBytes: ["number"],
  gpuMemoryUtilization: ["number"],
  kvOffloadingSize: ["number"],
  kvOffloadingFile: ["string"],
  kvOffloadingFileSize: ["number"],
  generationConfig: ["string"],
  overrideGenerationConfig: ["object"],
  seed: ["number", "bigint"],
  streamInterval: ["number"],
  maxLogprobs: ["number"],
  logprobsMode: ["string"],
  logitsProcessors: ["list"],
  blockSize: ["number"],
  enablePrefixCaching: ["boolean"],
  asyncScheduling: ["boolean"],
  disableHybridKvCacheManager: ["boolean"],
  enforceEager: ["boolean"],
  batchInvariant: ["boolean"],
  speculativeConfig: ["object"],
  thread: ["boolean"],
  workerExtensionCls: ["string"],
  numThreads: ["number"],
};

/**
 * What can be said before a model is loaded, which takes long.
 * @throws INVALID_ARGUMENT for an option that does not exist, or is of another type or out of range
 */
export function checkOptions(options: EngineOptions): void {
  checkKeys(options, KINDS, "engine option");
  for (const [option, kinds] of Object.entries(KINDS) as [keyof EngineOptions, readonly Kind[]][]) {
    const value = options[option];
    const flag = flagName(option);
    checkArgument(
      value === undefined || (kinds as readonly string[]).includes(Array.isArray(value) ? "list" : typeof value),
      () => `${flag} must be a ${kinds.join(" or a ")}, got ${describeValue(value)}`,
      flag,
    );
  }
  resolveMaxQueued(options);
  resolveMaxQueuedTokens(options);
  checkScheduling(options);
  checkWholePrompts(options);
  resolveUtilization(options);
  resolveLogprobsMode(options);
  resolveRunner(options);
  checkGenerationConfig(options);
  resolveStreamInterval(options);
  if (options.seed !== undefined) resolveSeed(options.seed, () => 0);
  checkProcessors(options);
  if (options.speculativeConfig !== undefined) resolveSpeculation(options.speculativeConfig);
  resolveOffloading(options);
  resolveFileSize(options);
  const { kvCacheMemoryBytes } = options;
  if (kvCacheMemoryBytes !== undefined) {
    wholeNumber("kvCacheMemoryBytes", kvCacheMemoryBytes, Number.MAX_SAFE_INTEGER);
  }
}

/** What computes prompts in parts, where they are computed whole. */
function checkWholePrompts(options: EngineOptions): void {
  if (options.enableChunkedPrefill ?? true) return;
  for (const option of ["longPrefillTokenThreshold", "maxNumPartialPrefills", "maxInterTokenLatencyMs"] as const) {
    const flag = flagName(option);
    checkArgument(
      !options[option],
      `${flag} needs enable_chunked_prefill, which is false; leave one of them out`,
      flag,
    );
  }
}

/** Functions cannot cross to the engine's thread. */
function checkProcessors({ logitsProcessors = [], thread = true }: EngineOptions): void {
  for (const processor of logitsProcessors) {
    checkArgument(
      (typeof processor === "string" && processor !== "") || typeof processor === "function",
      `logits_processors takes module names and functions, got ${describeValue(processor)}`,
      "logits_processors",
    );
    checkArgument(
      typeof processor === "string" || !thread,
      "a function cannot go to the engine's thread: name a module that exports it, or load with thread: false",
      "logits_processors",
    );
  }
}

function checkScheduling(options: EngineOptions): void {
  const { schedulingPolicy = "fcfs", maxNumPartialPrefills, maxLongPartialPrefills } = options;
  checkArgument(
    SCHEDULING_POLICIES.includes(schedulingPolicy),
    `scheduling_policy must be one of ${SCHEDULING_POLICIES.join(", ")}, got "${schedulingPolicy}"`,
    "scheduling_policy",
  );
  for (const option of ["maxNumPartialPrefills", "maxLongPartialPrefills"] as const) {
    const value = options[option];
    if (value !== undefined) wholeNumber(option, value, Number.MAX_SAFE_INTEGER);
  }
  checkArgument(
    maxLongPartialPrefills === undefined || maxLongPartialPrefills <= (maxNumPartialPrefills ?? maxLongPartialPrefills),
    `max_long_partial_prefills is ${maxLongPartialPrefills}, at most max_num_partial_prefills, ${maxNumPartialPrefills}, makes sense`,
    "max_long_partial_prefills",
  );
}

function describeValue(value: unknown): string {
  if (typeof value === "object" && value !== null) return "an object";
  return typeof value === "string" ? `"${value}"` : String(value);
}
