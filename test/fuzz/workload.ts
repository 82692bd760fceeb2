// A workload as data: an engine, and the requests that it serves. What is left out has its default, so that a small case is short.
import type { EngineOptions, SamplingParams, SpeculativeConfig } from "@octavo/engine";
import { mostBlocks } from "@octavo/kv-cache";
import { kvBytesPerBlock, layerGroups, oneGroup, readModelConfig } from "@octavo/models";

const fixture = (name: string) => new URL(`../fixtures/models/${name}`, import.meta.url).pathname;

/** Tiny models of 256 tokens: of every kind of context that the KV cache treats differently. */
export const MODELS = {
  full: fixture("llama-mqa-headdim"),
  /** Sees 20 tokens. */
  window: fixture("mistral-window"),
  /** Sees all in its middle layer and 20 tokens in the two others. */
  windows: fixture("ministral"),
  /** Rotates keys otherwise where a prompt has more than 64 tokens. */
  longRope: fixture("llama-rope-longrope"),
  /** Keeps keys without values. */
  latent: fixture("deepseek-v2-lite"),
} as const;

export type ModelName = keyof typeof MODELS;

export const DTYPES = ["float32", "bfloat16", "float16"] as const;

/** Of every engine, unless its `maxModelLen` says less. */
export const MAX_MODEL_LEN = 88;

/** The engine of a workload: options as users write them, but for memory, which is counted in blocks. */
export interface WorkloadEngine
  extends Omit<EngineOptions, "dtype" | "maxModelLen" | "kvCacheMemoryBytes" | "kvOffloadingSize"> {
  /** Default "full". */
  readonly model?: ModelName;
  /** Default "float32". */
  readonly dtype?: (typeof DTYPES)[number];
  readonly maxModelLen?: number;
  /** KV blocks that there are beyond those of one longest request. Default 0. */
  readonly spareBlocks?: number;
  /** Blocks of host memory; without effect where prefixes are not cached, or not as the model's layers lie in blocks. Default 0. */
  readonly hostBlocks?: number;
  /** A draft model is named as in {@link MODELS}. */
  readonly speculativeConfig?: SpeculativeConfig;
}

/** A request. Times are counted in steps of the engine. */
export interface WorkloadRequest {
  /** The prompt begins with tokens of this text, or of the request before that `from` names. Default: text 0. */
  readonly text?: number;
  /** Which request before this one, counted backwards from 1: the prompt begins with its prompt and what it has generated so far. */
  readonly from?: number;
  /** How many tokens of that. Default 0. */
  readonly shared?: number;
  /** So many tokens follow. Default 1. */
  readonly own?: number;
  /** Ask to share the blocks of the request that `from` names. */
  readonly fork?: boolean;
  /** Parallel samples. Default 1. */
  readonly n?: number;
  readonly params?: SamplingParams;
  /** Steps after the request before. Default 0. */
  readonly wait?: number;
  /** Comes only when all before it have ended and every block is free. */
  readonly whenIdle?: boolean;
  /** Aborted so many steps after it came. */
  readonly abortAfter?: number;
  /** Simulated ms. */
  readonly timeoutMs?: number;
  readonly priority?: number;
  readonly tenant?: number;
  readonly cacheSalt?: number;
  /** Keep the blocks until the engine is idle. */
  readonly keepBlocks?: boolean;
}

/** What somebody does to the whole engine before step `at`. */
export interface WorkloadEvent {
  readonly at: number;
  /** "forget" forgets cached blocks, "restart" also what running requests have computed, as for new weights. */
  readonly what: "pause keep" | "pause wait" | "resume" | "forget" | "restart";
}

export interface Workload {
  readonly engine?: WorkloadEngine;
  readonly requests: readonly WorkloadRequest[];
  readonly events?: readonly WorkloadEvent[];
}

/** Token `i` of a text. Text 0 repeats itself, so that drafts are found. */
export function textToken(text: number, i: number): number {
  return 97 + (text === 0 ? i % 5 : (Math.imul(i * 8 + text, 0x9e3779b1) >>> 8) % 26);
}

/** Under which a request runs alone, whole and uncached. */
export const ALONE: WorkloadEngine = {
  maxNumSeqs: 1,
  maxNumBatchedTokens: MAX_MODEL_LEN,
  enablePrefixCaching: false,
  asyncScheduling: false,
  enforceEager: true,
};

/** What the engine is loaded with. */
export function engineOptions(engine: WorkloadEngine): EngineOptions & { readonly dtype: (typeof DTYPES)[number] } {
  const { model = "full", dtype = "float32", spareBlocks = 0, hostBlocks = 0, speculativeConfig, ...given } = engine;
  const options = {
    maxModelLen: MAX_MODEL_LEN,
    blockSize: 16,
    maxNumSeqs: 4,
    maxNumBatchedTokens: 64,
    enablePrefixCaching: true,
    ...given,
  };
  const { maxModelLen, blockSize, maxNumSeqs } = options;
  const maxNumBatchedTokens = Math.max(options.maxNumBatchedTokens, maxNumSeqs);
  const config = readModelConfig(MODELS[model]);
  const draft = speculativeConfig?.method === "draft_model" ? MODELS[speculativeConfig.model as ModelName] : undefined;
  const groups = layerGroups(config, maxModelLen);
  // A draft model needs a group that keeps all its tokens.
  const isOne = draft !== undefined && groups.slidingWindows.every(Number.isFinite);
  const { slidingWindows, layersPerGroup } = isOne ? oneGroup(config) : groups;
  const blockBytes =
    kvBytesPerBlock(config, dtype, blockSize, layersPerGroup) +
    (draft ? kvBytesPerBlock(readModelConfig(draft), dtype, blockSize) : 0);
  const blocks = 1 + mostBlocks(maxModelLen, { blockSize, slidingWindows, maxNumBatchedTokens });
  return {
    ...options,
    dtype,
    maxNumBatchedTokens,
    kvCacheMemoryBytes: (blocks + spareBlocks) * blockBytes,
    kvOffloadingSize: options.enablePrefixCaching ? (hostBlocks * blockBytes) / 2 ** 30 : 0,
    ...(speculativeConfig && { speculativeConfig: { ...speculativeConfig, ...(draft && { model: draft }) } }),
  };
}
