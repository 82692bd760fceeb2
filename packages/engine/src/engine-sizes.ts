// The numbers that follow from options, model and memory, once the model is known.
import { type BackendInfo, checkArgument, OctavoError } from "@octavo/core";
import { type EngineOptions, wholeNumber } from "./engine-options.js";

/** Sizes that hold for an engine's whole life. */
export interface EngineSizes {
  readonly maxModelLen: number;
  readonly maxNumSeqs: number;
  readonly maxNumBatchedTokens: number;
  readonly blockSize: number;
  readonly numBlocks: number;
  readonly kvCacheBytes: number;
  readonly depth: 1 | 2;
}

/** The model facts that sizes depend on. */
export interface ModelSizes {
  readonly maxPositions: number;
  readonly weightBytes: number;
  workspaceBytes(maxTokens: number, maxSamples: number): number;
  kvBytesPerBlock(blockSize: number): number;
}

const MIB = 2 ** 20;
const DEFAULT_SEQS = 256;
const DEFAULT_BATCHED_TOKENS = 2048;
const MIN_DEFAULT_KV_BYTES = 256 * MIB;
const MAX_DEFAULT_KV_BYTES = 4096 * MIB;
/** Far above what any device runs at once; beyond it tables and plans alone would fill the memory. */
const MAX_SEQS = 2 ** 16;
const MAX_BATCHED_TOKENS = 2 ** 20;

/** The longest sequence. @throws INVALID_ARGUMENT when the model's positions do not suffice */
export function resolveMaxModelLen(options: EngineOptions, maxPositions: number): number {
  const maxModelLen = wholeNumber("maxModelLen", options.maxModelLen ?? maxPositions, Number.MAX_SAFE_INTEGER);
  checkArgument(
    maxModelLen <= maxPositions,
    `max_model_len ${maxModelLen} exceeds the model's ${maxPositions} positions (max_position_embeddings in config.json, times a RoPE factor); choose at most that`,
    "max_model_len",
  );
  return maxModelLen;
}

/** Sizes that fit the memory. @throws INVALID_ARGUMENT or OUT_OF_MEMORY with the number that would work */
export function resolveSizes(options: EngineOptions, model: ModelSizes, backend: BackendInfo): EngineSizes {
  const maxModelLen = resolveMaxModelLen(options, model.maxPositions);
  const { maxNumSeqs, maxNumBatchedTokens } = resolveBatch(options);
  const blockSize = wholeNumber("blockSize", options.blockSize ?? backend.blockSize, maxModelLen + 4096);
  const blockBytes = model.kvBytesPerBlock(blockSize);
  const oneRequest = 1 + Math.ceil(maxModelLen / blockSize); // block 0 is never given out
  const usable = 1 + maxNumSeqs * (oneRequest - 1);

  const workspaceBytes = model.workspaceBytes(maxNumBatchedTokens, maxNumSeqs);
  const free = backend.availableBytes - model.weightBytes - workspaceBytes;
  if (free <= 0) {
    throw new OctavoError({
      code: "OUT_OF_MEMORY",
      message:
        `weights (${mib(model.weightBytes)}) and the workspace for max_num_batched_tokens ${maxNumBatchedTokens} and max_num_seqs ` +
        `${maxNumSeqs} (${mib(workspaceBytes)}) need more than the ${mib(backend.availableBytes)} that are free; lower one of the two`,
      param: "max_num_batched_tokens",
    });
  }
  const budget = kvBudget(options, model.weightBytes, free, oneRequest * blockBytes);
  const numBlocks = Math.min(usable, Math.floor(budget / blockBytes));
  if (numBlocks < oneRequest) {
    const fits = Math.max(0, numBlocks - 1) * blockSize;
    throw new OctavoError({
      code: "OUT_OF_MEMORY",
      message:
        `the KV cache of ${mib(budget)} holds ${fits} tokens, one request of max_model_len ${maxModelLen} needs ` +
        `${mib(oneRequest * blockBytes)}: set max_model_len to at most ${fits} or kv_cache_memory_bytes higher`,
      param: options.kvCacheMemoryBytes === undefined ? "max_model_len" : "kv_cache_memory_bytes",
    });
  }
  const depth = (options.asyncScheduling ?? backend.depth === 2) ? 2 : 1;
  const kvCacheBytes = numBlocks * blockBytes;
  return { maxModelLen, maxNumSeqs, maxNumBatchedTokens, blockSize, numBlocks, kvCacheBytes, depth };
}

function resolveBatch(options: EngineOptions): Pick<EngineSizes, "maxNumSeqs" | "maxNumBatchedTokens"> {
  const asked = options.maxNumSeqs === undefined ? undefined : wholeNumber("maxNumSeqs", options.maxNumSeqs, MAX_SEQS);
  const tokens = options.maxNumBatchedTokens ?? Math.max(DEFAULT_BATCHED_TOKENS, asked ?? 0);
  const maxNumBatchedTokens = wholeNumber("maxNumBatchedTokens", tokens, MAX_BATCHED_TOKENS);
  const maxNumSeqs = asked ?? Math.min(DEFAULT_SEQS, maxNumBatchedTokens);
  checkArgument(
    maxNumBatchedTokens >= maxNumSeqs,
    `max_num_batched_tokens ${maxNumBatchedTokens} is below max_num_seqs ${maxNumSeqs}: each running request needs one token a step; raise the first or lower the second`,
    "max_num_batched_tokens",
  );
  return { maxNumSeqs, maxNumBatchedTokens };
}

function kvBudget(options: EngineOptions, weightBytes: number, free: number, oneRequestBytes: number): number {
  if (options.kvCacheMemoryBytes !== undefined) {
    return wholeNumber("kvCacheMemoryBytes", options.kvCacheMemoryBytes, Number.MAX_SAFE_INTEGER);
  }
  const byModel = Math.min(Math.max(4 * weightBytes, MIN_DEFAULT_KV_BYTES), MAX_DEFAULT_KV_BYTES);
  return Math.min(Math.max(byModel, oneRequestBytes), free / 2);
}

function mib(bytes: number): string {
  return `${Math.ceil(bytes / MIB)} MiB`;
}
