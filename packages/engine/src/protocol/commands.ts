// Commands to the engine as flat Int32Arrays: they cross the thread border as one transferred buffer, without object trees.
import { ROW_INIT_WORDS, RowInit } from "@octavo/core";
import type { RequestSpec } from "@octavo/scheduler";
import type { ResolvedSamplingParams } from "../sampling-params.js";

export const Command = {
  /**
   * [add, id, maxTokens, logprobs, promptLogprobs, stops, forkOf, keepBlocks, salt's low and high word, row-init record, stop token
   * ids, prompt]; -1 for no logprobs, 0 for no parent, no salt
   */
  add: 1,
  /** [abort, id] */
  abort: 2,
  /** [stop]: finish the step and dispose */
  stop: 3,
  /** [release, id]: give back the blocks that a finished request kept */
  release: 10,
  /** [resetPrefixCache, 1 to compute again what running requests hold] */
  resetPrefixCache: 11,
  /** [kvEvents, 1 to tell what is cached and then every change, 0 to stop] */
  kvEvents: 12,
} as const;

const RECORD_START = 10;
const FIXED_WORDS = RECORD_START + ROW_INIT_WORDS;

const float = new Float32Array(1);
const floatBits = new Int32Array(float.buffer);

function bitsOf(value: number): number {
  float[0] = value;
  return floatBits[0]!;
}

/** What a request shares with others. */
export interface Sharing {
  /** The id of a request that begins with the same tokens; see `RequestSpec.forkOf`. Default 0: none. */
  readonly forkOf?: number;
  /** See `RequestSpec.keepBlocks`. */
  readonly keepBlocks?: boolean;
  /** Only requests of the same salt share blocks; below 2^48. Default 0. */
  readonly cacheSalt?: number;
}

/**
 * @param choice which of the parallel samples of one prompt this is
 * @param sharing what it shares with others
 */
export function encodeAdd(
  id: number,
  prompt: Int32Array,
  params: ResolvedSamplingParams,
  stopTokenIds: readonly number[],
  choice = 0,
  { forkOf = 0, keepBlocks = false, cacheSalt = 0 }: Sharing = {},
): Int32Array {
  const words = new Int32Array(FIXED_WORDS + stopTokenIds.length + prompt.length);
  words[0] = Command.add;
  words[1] = id;
  words[2] = params.maxTokens;
  words[3] = params.logprobs;
  words[4] = params.promptLogprobs;
  words[5] = stopTokenIds.length;
  words[6] = forkOf;
  words[7] = keepBlocks ? 1 : 0;
  words[8] = cacheSalt | 0;
  words[9] = Math.floor(cacheSalt / 2 ** 32);
  const record = words.subarray(RECORD_START, FIXED_WORDS);
  record[RowInit.temperature] = bitsOf(params.temperature);
  record[RowInit.topP] = bitsOf(params.topP);
  record[RowInit.minP] = bitsOf(params.minP);
  record[RowInit.topK] = params.topK;
  record[RowInit.seedLow] = params.seed >>> 0;
  record[RowInit.seedHigh] = Math.floor(params.seed / 2 ** 32);
  record[RowInit.choice] = choice;
  words.set(stopTokenIds, FIXED_WORDS);
  words.set(prompt, FIXED_WORDS + stopTokenIds.length);
  return words;
}

/** The scheduler's view of an `add` command; its arrays are windows into `words`. */
export function decodeAdd(words: Int32Array): RequestSpec & { readonly cacheSalt: number } {
  const promptStart = FIXED_WORDS + words[5]!;
  return {
    id: words[1]!,
    maxTokens: words[2]!,
    logprobs: words[3]!,
    promptLogprobs: words[4]!,
    ...(words[6] !== 0 && { forkOf: words[6]! }),
    keepBlocks: words[7] === 1,
    cacheSalt: words[9]! * 2 ** 32 + (words[8]! >>> 0),
    rowInit: words.subarray(RECORD_START, FIXED_WORDS),
    stopTokenIds: words.subarray(FIXED_WORDS, promptStart),
    promptTokens: words.subarray(promptStart),
  };
}

export function encodeRelease(id: number): Int32Array {
  return Int32Array.of(Command.release, id);
}

export function encodeResetPrefixCache(resetRunningRequests: boolean): Int32Array {
  return Int32Array.of(Command.resetPrefixCache, resetRunningRequests ? 1 : 0);
}

export function encodeKvEvents(on: boolean): Int32Array {
  return Int32Array.of(Command.kvEvents, on ? 1 : 0);
}

export function encodeAbort(id: number): Int32Array {
  return Int32Array.of(Command.abort, id);
}
