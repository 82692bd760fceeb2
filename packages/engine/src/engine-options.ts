// What users may set when they load an engine, and the numbers that follow from it once the model is known.
import { type BackendInfo, checkArgument, type FloatDType, OctavoError } from "@octavo/core";

/** Options of {@link LLM.load}; the server's flags have the same names in vLLM's spelling. */
export interface EngineOptions {
  /** "auto" takes a GPU where @octavo/kernels-cuda is built and finds one, else the CPU. Default "auto". */
  readonly device?: "auto" | "cpu" | "cuda" | "null" | "reference";
  /** Activations, KV cache and weights. Default "auto": as the checkpoint says. */
  readonly dtype?: FloatDType | "auto" | "half" | "float";
  /** Tokens that prompt and output may have together. Default: the model's own limit. */
  readonly maxModelLen?: number;
  /** Requests that run at once. Default 256. */
  readonly maxNumSeqs?: number;
  /** Tokens a step computes at most. Default 2048. */
  readonly maxNumBatchedTokens?: number;
  /** Requests that may be in flight, running or waiting; more are refused with QUEUE_FULL. Default 4096. */
  readonly maxNumQueuedReqs?: number;
  /** A prompt's share of one step at most; 0: no bound. Default 0. */
  readonly longPrefillTokenThreshold?: number;
  /** Memory for the KV cache. Default: half of what is free after the weights, at most 4 GiB and at most what can be used. */
  readonly kvCacheMemoryBytes?: number;
  /** Tokens a KV block. Default: what the backend advises. */
  readonly blockSize?: number;
  /** Reuse the KV blocks of equal prompt beginnings. Default true. */
  readonly enablePrefixCaching?: boolean;
  /** Plan the next step while the device runs one. Default: where the device runs beside the host. Same tokens either way. */
  readonly asyncScheduling?: boolean;
  /** Run the engine on its own thread. Default true; false runs it between the events of the calling thread. */
  readonly thread?: boolean;
  /** Threads of the CPU backend. Default: `OCTAVO_NUM_THREADS`, then the CPU quota. */
  readonly numThreads?: number;
}

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

const GIB = 2 ** 30;
const DEFAULT_KV_BYTES = 4 * GIB;

/** The model facts that sizes depend on. */
export interface ModelSizes {
  readonly maxPositions: number;
  readonly weightBytes: number;
  kvBytesPerBlock(blockSize: number): number;
}

/** Sizes before the model is known, checked; {@link resolveSizes} completes them. */
export function resolveMaxModelLen(options: EngineOptions, maxPositions: number): number {
  const maxModelLen = options.maxModelLen ?? maxPositions;
  positive("maxModelLen", maxModelLen);
  checkArgument(
    maxModelLen <= maxPositions,
    `max_model_len ${maxModelLen} exceeds the model's ${maxPositions} positions (max_position_embeddings in config.json); choose at most that`,
    "max_model_len",
  );
  return maxModelLen;
}

/** Sizes that fit the memory. @throws INVALID_ARGUMENT or OUT_OF_MEMORY with the number that would work */
export function resolveSizes(options: EngineOptions, model: ModelSizes, backend: BackendInfo): EngineSizes {
  const maxModelLen = resolveMaxModelLen(options, model.maxPositions);
  const maxNumSeqs = positive("maxNumSeqs", options.maxNumSeqs ?? 256);
  const maxNumBatchedTokens = positive(
    "maxNumBatchedTokens",
    options.maxNumBatchedTokens ?? Math.max(2048, maxNumSeqs),
  );
  checkArgument(
    maxNumBatchedTokens >= maxNumSeqs,
    `max_num_batched_tokens ${maxNumBatchedTokens} is below max_num_seqs ${maxNumSeqs}: each running request needs one token a step; raise the first or lower the second`,
    "max_num_batched_tokens",
  );
  const blockSize = positive("blockSize", options.blockSize ?? backend.blockSize);
  const blockBytes = model.kvBytesPerBlock(blockSize);
  const blocksPerRequest = Math.ceil(maxModelLen / blockSize);
  const usable = 1 + maxNumSeqs * blocksPerRequest; // block 0 is never given out
  const free = Math.max(0, backend.availableBytes - model.weightBytes);
  const budget = options.kvCacheMemoryBytes ?? Math.min(DEFAULT_KV_BYTES, free / 2);
  const numBlocks = Math.min(usable, Math.floor(budget / blockBytes));
  if (numBlocks < 1 + blocksPerRequest) {
    const fits = Math.max(0, numBlocks - 1) * blockSize;
    throw new OctavoError({
      code: "OUT_OF_MEMORY",
      message:
        `the KV cache of ${Math.floor(budget / 2 ** 20)} MiB holds ${fits} tokens, one request of max_model_len ${maxModelLen} needs ` +
        `${Math.ceil(((1 + blocksPerRequest) * blockBytes) / 2 ** 20)} MiB: set max_model_len to at most ${fits} or kv_cache_memory_bytes higher`,
      param: options.kvCacheMemoryBytes === undefined ? "max_model_len" : "kv_cache_memory_bytes",
    });
  }
  const depth = (options.asyncScheduling ?? backend.depth === 2) ? 2 : 1;
  return {
    maxModelLen,
    maxNumSeqs,
    maxNumBatchedTokens,
    blockSize,
    numBlocks,
    kvCacheBytes: numBlocks * blockBytes,
    depth,
  };
}

function positive(name: string, value: number): number {
  const flag = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  checkArgument(
    Number.isSafeInteger(value) && value >= 1,
    `${flag} must be a whole number of at least 1, got ${value}`,
    flag,
  );
  return value;
}
