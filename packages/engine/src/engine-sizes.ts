// The numbers that follow from options, model and memory, once the model is known.
import { type BackendInfo, checkArgument, planLayout } from "@octavo/core";
import { longestSequence } from "@octavo/kv-cache";
import type { LayerGroups } from "@octavo/models";
import { maxSamples } from "@octavo/scheduler";
import { decodeBuckets } from "./decode-buckets.js";
import type { EngineOptions } from "./engine-options.js";
import { checkDevice, kvBudget, type MemoryNeeds, requestBytes } from "./kv-budget.js";
import { kvShortage } from "./kv-shortage.js";
import { resolveFileSize, resolveOffloading } from "./memory-options.js";
import { wholeNumber } from "./option-values.js";
import { deviceStateBytes } from "./runner/device-state.js";
import { type DraftModel, draftRunnerBytes } from "./runner/draft-runner.js";
import { draftMemory } from "./speculation/load-draft-model.js";
import { resolveSpeculation } from "./speculation/speculative-config.js";

/** Sizes that hold for an engine's whole life. */
export interface EngineSizes {
  readonly maxModelLen: number;
  readonly maxNumSeqs: number;
  readonly maxNumBatchedTokens: number;
  /** Tokens that a step samples at most: one for each request, and one for each of its drafts. */
  readonly maxSamples: number;
  /** Most likely tokens that a request may see beside its own. */
  readonly maxLogprobs: number;
  readonly blockSize: number;
  readonly numBlocks: number;
  /** Which layers share blocks and block tables. */
  readonly layerGroups: LayerGroups;
  readonly kvCacheBytes: number;
  /** Blocks of host memory for what the cache must give up, and their bytes. */
  readonly numHostBlocks: number;
  readonly kvOffloadingBytes: number;
  /** Blocks of a file for what the host must give up. */
  readonly numFileBlocks: number;
  readonly depth: 1 | 2;
  /** Rows to which decode steps are padded; none where the backend has no graphs. */
  readonly decodeBuckets: readonly number[];
}

/** The model facts that sizes depend on. */
export interface ModelSizes {
  readonly maxPositions: number;
  readonly vocabSize: number;
  /** Bytes that the backend holds for the loaded model. */
  readonly weightBytes: number;
  workspaceBytes(maxTokens: number, maxSamples: number): number;
  readonly layerGroups: LayerGroups;
  /** Of a group of layers. */
  kvBytesPerBlock(blockSize: number): number;
  /** The model that drafts, if one does. */
  readonly draft?: DraftModel | undefined;
}

const DEFAULT_LOGPROBS = 20;
/** More than any vocabulary has. */
const MAX_LOGPROBS = 2 ** 20;
const DEFAULT_SEQS = 256;
const DEFAULT_BATCHED_TOKENS = 2048;
/** Far above what any device runs at once; beyond it tables and plans alone would fill the memory. */
const MAX_SEQS = 2 ** 16;
const MAX_BATCHED_TOKENS = 2 ** 20;
/** A token's slot in the KV cache is an int32. */
const MAX_SLOTS = 2 ** 31 - 1;

/** The longest sequence; the model's limit for "auto". @throws INVALID_ARGUMENT when the model's positions do not suffice */
export function resolveMaxModelLen({ maxModelLen: asked }: EngineOptions, maxPositions: number): number {
  if (asked === undefined || asked === "auto") return maxPositions;
  const maxModelLen = Number(asked);
  checkArgument(
    typeof asked === "number" && Number.isSafeInteger(asked) && asked >= 1,
    `max_model_len must be auto or a whole number from 1 to ${maxPositions}, got ${asked}`,
    "max_model_len",
  );
  checkArgument(
    maxModelLen <= maxPositions,
    `max_model_len ${maxModelLen} exceeds the model's ${maxPositions} positions (max_position_embeddings in config.json, times a RoPE factor); choose at most that`,
    "max_model_len",
  );
  return maxModelLen;
}

/**
 * Sizes that fit the memory.
 * @param hasGraphs whether the backend captures graphs
 * @throws INVALID_ARGUMENT or OUT_OF_MEMORY with the number that would work
 */
export function resolveSizes(
  options: EngineOptions,
  model: ModelSizes,
  backend: BackendInfo,
  hasGraphs: boolean,
): EngineSizes {
  const limit = resolveMaxModelLen(options, model.maxPositions);
  const { maxNumSeqs, maxNumBatchedTokens } = resolveBatch(options, wholePrompts(options, limit));
  const maxLogprobs = resolveMaxLogprobs(options, model.vocabSize);
  const isAuto = options.maxModelLen === "auto";
  const blockSize = resolveBlockSize(options, backend, limit);
  const hostBlockBytes = model.kvBytesPerBlock(blockSize);
  // A draft model's keys and values are of the same blocks, but do not leave the device.
  const blockBytes = hostBlockBytes + (model.draft ? draftMemory(model.draft).kvBytesPerBlock(blockSize) : 0);
  const blocksOf = (tokens: number) => Math.ceil(tokens / blockSize);
  const { layerGroups } = model;
  const { slidingWindows } = layerGroups;
  const needs = { blockSize, blockBytes, slidingWindows, maxNumBatchedTokens };
  const { speculativeConfig } = options;
  const drafts = speculativeConfig ? resolveSpeculation(speculativeConfig).numSpeculativeTokens : 0;
  const samples = maxSamples(maxNumSeqs + 1, maxNumBatchedTokens, drafts);
  const layout = planLayout({
    maxRows: maxNumSeqs + 1,
    maxSamples: samples,
    maxTokens: maxNumBatchedTokens,
    maxBlocksPerRow: blocksOf(limit),
    blockSize,
    numGroups: slidingWindows.length,
    vocabSize: model.vocabSize,
  });
  const rows = { maxNumSeqs, maxNumBatchedTokens, blockSize, maxModelLen: limit, layerGroups };
  const draft = model.draft ? draftRunnerBytes(model.draft, rows) : { workspaceBytes: 0, tableBytes: 0 };
  const memory: MemoryNeeds = {
    weightBytes: model.weightBytes,
    workspaceBytes: model.workspaceBytes(maxNumBatchedTokens, samples) + draft.workspaceBytes,
    tableBytes: deviceStateBytes(layout, maxLogprobs) + draft.tableBytes,
    hasGraphs: hasGraphs && !options.enforceEager,
    oneRequestBytes: isAuto ? 0 : requestBytes(limit, needs),
  };
  const budget = kvBudget(options, memory, backend);
  const affordable = Math.min(Math.floor(budget / blockBytes), Math.floor(MAX_SLOTS / blockSize));
  const fits = longestSequence(Math.max(0, affordable - 1), needs); // block 0 is never given out
  const maxModelLen = isAuto ? Math.min(limit, fits) : limit;
  if (maxModelLen === 0 || fits < maxModelLen) {
    throw kvShortage(options, backend, {
      budget,
      fits,
      needed: requestBytes(isAuto ? 1 : limit, needs),
      maxModelLen: isAuto ? "auto" : limit,
      stepBytes: memory.workspaceBytes + memory.tableBytes,
      hasWindow: slidingWindows.some((window) => window !== null && Number.isFinite(window)),
    });
  }
  // More than requests hold where they see a window: what they gave back may be found again.
  const numBlocks = Math.min(1 + maxNumSeqs * slidingWindows.length * blocksOf(maxModelLen), affordable);
  checkDevice(numBlocks * blockBytes, backend);
  const numHostBlocks = Math.floor(resolveOffloading(options) / hostBlockBytes);
  return {
    maxModelLen,
    maxNumSeqs,
    maxNumBatchedTokens,
    maxSamples: samples,
    maxLogprobs,
    blockSize,
    numBlocks,
    layerGroups,
    kvCacheBytes: numBlocks * blockBytes,
    numHostBlocks,
    kvOffloadingBytes: numHostBlocks * hostBlockBytes,
    numFileBlocks: numHostBlocks > 0 ? Math.floor(resolveFileSize(options) / hostBlockBytes) : 0,
    depth: (options.asyncScheduling ?? backend.depth === 2) ? 2 : 1,
    decodeBuckets: hasGraphs ? decodeBuckets(maxNumSeqs) : [],
  };
}

/** Most likely tokens that a request may see; -1 stands for the whole vocabulary. */
function resolveMaxLogprobs({ maxLogprobs = DEFAULT_LOGPROBS }: EngineOptions, vocabSize: number): number {
  const asked = wholeNumber("maxLogprobs", maxLogprobs, MAX_LOGPROBS, -1);
  return asked === -1 ? vocabSize : Math.min(asked, vocabSize);
}

/** Tokens a block of the KV cache. @throws INVALID_ARGUMENT */
export function resolveBlockSize(
  { blockSize }: EngineOptions,
  backend: Pick<BackendInfo, "blockSize">,
  maxModelLen: number,
): number {
  return wholeNumber("blockSize", blockSize ?? backend.blockSize, maxModelLen + 4096);
}

/** Tokens of the longest prompt where one is computed in one step, else 0. */
export function wholePrompts({ enableChunkedPrefill = true }: EngineOptions, maxModelLen: number): number {
  return enableChunkedPrefill ? 0 : maxModelLen;
}

/**
 * How many requests and tokens a step has at most; known before a model is.
 * @param atOnce tokens that one step must be able to compute of a request
 * @throws INVALID_ARGUMENT
 */
export function resolveBatch(
  options: EngineOptions,
  atOnce = 0,
): Pick<EngineSizes, "maxNumSeqs" | "maxNumBatchedTokens"> {
  const asked = options.maxNumSeqs === undefined ? undefined : wholeNumber("maxNumSeqs", options.maxNumSeqs, MAX_SEQS);
  const tokens = options.maxNumBatchedTokens ?? Math.max(DEFAULT_BATCHED_TOKENS, asked ?? 0, atOnce);
  const maxNumBatchedTokens = wholeNumber("maxNumBatchedTokens", tokens, MAX_BATCHED_TOKENS);
  const maxNumSeqs = asked ?? Math.min(DEFAULT_SEQS, maxNumBatchedTokens);
  checkArgument(
    maxNumBatchedTokens >= maxNumSeqs,
    `max_num_batched_tokens ${maxNumBatchedTokens} is below max_num_seqs ${maxNumSeqs}: each running request needs one token a step; raise the first or lower the second`,
    "max_num_batched_tokens",
  );
  checkArgument(
    maxNumBatchedTokens >= atOnce,
    `max_num_batched_tokens ${maxNumBatchedTokens} is below max_model_len ${atOnce}, but a prompt is computed in one step; raise the first or lower the second`,
    "max_num_batched_tokens",
  );
  return { maxNumSeqs, maxNumBatchedTokens };
}
