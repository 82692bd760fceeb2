// Commands to the engine as flat Int32Arrays: they cross the thread border as one transferred buffer, without object trees.
import { ROW_INIT_WORDS, RowInit } from "@octavo/core";
import type { RequestSpec } from "@octavo/scheduler";
import type { ResolvedRequestOptions } from "../request-options.js";
import type { ResolvedSamplingParams } from "../sampling-params.js";

export const Command = {
  /**
   * [add, id, maxTokens, logprobs, promptLogprobs, stops, priority, tenant, timeoutMs, row-init record, stop token ids, prompt];
   * -1 for no logprobs and no timeout
   */
  add: 1,
  /** [abort, id] */
  abort: 2,
  /** [stop]: finish the step and dispose */
  stop: 3,
} as const;

const RECORD_START = 9;
const FIXED_WORDS = RECORD_START + ROW_INIT_WORDS;

const float = new Float32Array(1);
const floatBits = new Int32Array(float.buffer);

function bitsOf(value: number): number {
  float[0] = value;
  return floatBits[0]!;
}

const NO_OPTIONS: ResolvedRequestOptions = { priority: 0, tenant: 0, timeoutMs: -1 };

/** @param choice which of the parallel samples of one prompt this is */
export function encodeAdd(
  id: number,
  prompt: Int32Array,
  params: ResolvedSamplingParams,
  stopTokenIds: readonly number[],
  choice = 0,
  options: ResolvedRequestOptions = NO_OPTIONS,
): Int32Array {
  const words = new Int32Array(FIXED_WORDS + stopTokenIds.length + prompt.length);
  words[0] = Command.add;
  words[1] = id;
  words[2] = params.maxTokens;
  words[3] = params.logprobs;
  words[4] = params.promptLogprobs;
  words[5] = stopTokenIds.length;
  words[6] = options.priority;
  words[7] = options.tenant;
  words[8] = options.timeoutMs;
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

/** The scheduler's view of an `add` command; its arrays are windows into `words`. @param now ms of the scheduler's clock */
export function decodeAdd(words: Int32Array, now: number): RequestSpec {
  const promptStart = FIXED_WORDS + words[5]!;
  return {
    id: words[1]!,
    maxTokens: words[2]!,
    logprobs: words[3]!,
    promptLogprobs: words[4]!,
    priority: words[6]!,
    tenant: words[7]!,
    deadline: words[8]! < 0 ? Number.POSITIVE_INFINITY : now + words[8]!,
    rowInit: words.subarray(RECORD_START, FIXED_WORDS),
    stopTokenIds: words.subarray(FIXED_WORDS, promptStart),
    promptTokens: words.subarray(promptStart),
  };
}

export function encodeAbort(id: number): Int32Array {
  return Int32Array.of(Command.abort, id);
}
