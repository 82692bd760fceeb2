// Commands to the engine as flat Int32Arrays: they cross the thread border as one transferred buffer, without object trees.
import { ROW_INIT_WORDS, RowFlags, RowInit } from "@octavo/core";
import type { RepetitionDetection, RequestSpec } from "@octavo/scheduler";
import type { ResolvedRequestOptions } from "../request-options.js";
import type { ResolvedSamplingParams } from "../sampling-params.js";

export const Command = {
  /** The words of {@link AddWord}, a row-init record, then stop token ids, allowed token ids, logprob token ids, edits, extra args, prompt. */
  add: 1,
  /** [abort, id] */
  abort: 2,
  /** [stop]: finish the step and dispose */
  stop: 3,
  /** [release, id]: give back the blocks that a finished request kept */
  release: 10,
  /** [kvEvents, 1 to tell what is cached and then every change, 0 to stop] */
  kvEvents: 11,
} as const;

const AddWord = {
  command: 0,
  id: 1,
  maxTokens: 2,
  /** -1 for no logprobs. */
  logprobs: 3,
  promptLogprobs: 4,
  numStops: 5,
  numAllowed: 6,
  /** Words of edits. */
  numEdits: 7,
  /** Bytes of the extra args' JSON, in whole words. */
  extraArgsBytes: 8,
  priority: 9,
  tenant: 10,
  /** -1 for no timeout. */
  timeoutMs: 11,
  /** 0 for none. */
  forkOf: 12,
  keepBlocks: 13,
  saltLow: 14,
  saltHigh: 15,
  numLogprobIds: 16,
  /** 0: none is looked for, and the words behind have no meaning. */
  maxPatternSize: 17,
  minPatternSize: 18,
  minCount: 19,
  repetitionMinTokens: 20,
} as const;

const RECORD_START = 21;
const FIXED_WORDS = RECORD_START + ROW_INIT_WORDS;

const MAX_INT32 = 2 ** 31 - 1;

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

/** How a request is served, by default like all others and without end, and what it shares. */
export interface AddOptions extends Partial<ResolvedRequestOptions>, Sharing {}

/** @param choice which of the parallel samples of one prompt this is */
export function encodeAdd(
  id: number,
  prompt: Int32Array,
  params: ResolvedSamplingParams,
  stopTokenIds: readonly number[],
  choice = 0,
  { priority = 0, tenant = 0, timeoutMs = -1, forkOf = 0, keepBlocks = false, cacheSalt = 0 }: AddOptions = {},
): Int32Array {
  const { allowedTokenIds, logprobTokenIds, logitEdits } = params;
  const extraArgs = Buffer.from(params.extraArgs, "utf8");
  const allowedStart = FIXED_WORDS + stopTokenIds.length;
  const namedStart = allowedStart + allowedTokenIds.length;
  const editsStart = namedStart + logprobTokenIds.length;
  const extraStart = editsStart + logitEdits.length;
  const promptStart = extraStart + Math.ceil(extraArgs.length / 4);
  const words = new Int32Array(promptStart + prompt.length);
  words[AddWord.command] = Command.add;
  words[AddWord.id] = id;
  words[AddWord.maxTokens] = params.maxTokens;
  words[AddWord.logprobs] = params.logprobs;
  words[AddWord.promptLogprobs] = params.promptLogprobs;
  words[AddWord.numStops] = stopTokenIds.length;
  words[AddWord.numAllowed] = allowedTokenIds.length;
  words[AddWord.numLogprobIds] = logprobTokenIds.length;
  words[AddWord.numEdits] = logitEdits.length;
  words[AddWord.extraArgsBytes] = extraArgs.length;
  words[AddWord.priority] = priority;
  words[AddWord.tenant] = tenant;
  words[AddWord.timeoutMs] = timeoutMs;
  words[AddWord.forkOf] = forkOf;
  words[AddWord.keepBlocks] = keepBlocks ? 1 : 0;
  words[AddWord.saltLow] = cacheSalt | 0;
  words[AddWord.saltHigh] = Math.floor(cacheSalt / 2 ** 32);
  writeRepetition(words, params);
  writeRowInit(words.subarray(RECORD_START, FIXED_WORDS), params, prompt.length, choice);
  words.set(stopTokenIds, FIXED_WORDS);
  words.set(allowedTokenIds, allowedStart);
  words.set(logprobTokenIds, namedStart);
  words.set(logitEdits, editsStart);
  new Uint8Array(words.buffer).set(extraArgs, 4 * extraStart);
  words.set(prompt, promptStart);
  return words;
}

function writeRepetition(words: Int32Array, { repetition }: ResolvedSamplingParams): void {
  if (!repetition) return;
  words[AddWord.maxPatternSize] = repetition.maxPatternSize;
  words[AddWord.minPatternSize] = repetition.minPatternSize;
  words[AddWord.minCount] = repetition.minCount;
  words[AddWord.repetitionMinTokens] = Math.min(repetition.minTokens, MAX_INT32);
}

function readRepetition(words: Int32Array): RepetitionDetection | undefined {
  const maxPatternSize = words[AddWord.maxPatternSize]!;
  if (maxPatternSize === 0) return undefined;
  const minTokens = words[AddWord.repetitionMinTokens]!;
  return {
    maxPatternSize,
    minPatternSize: words[AddWord.minPatternSize]!,
    minCount: words[AddWord.minCount]!,
    minTokens,
  };
}

function writeRowInit(record: Int32Array, params: ResolvedSamplingParams, promptLength: number, choice: number): void {
  record[RowInit.temperature] = bitsOf(params.temperature);
  record[RowInit.topP] = bitsOf(params.topP);
  record[RowInit.minP] = bitsOf(params.minP);
  record[RowInit.topK] = params.topK;
  const seed = BigInt(params.seed);
  record[RowInit.seedLow] = Number(BigInt.asIntN(32, seed));
  record[RowInit.seedHigh] = Number(BigInt.asIntN(32, seed >> 32n));
  record[RowInit.choice] = choice;
  record[RowInit.flags] =
    (params.needsHistory ? RowFlags.history : 0) |
    (params.allowedTokenIds.length > 0 ? RowFlags.allowed : 0) |
    (params.logitEdits.length > 0 ? RowFlags.edits : 0);
  record[RowInit.repetitionPenalty] = bitsOf(params.repetitionPenalty);
  record[RowInit.presencePenalty] = bitsOf(params.presencePenalty);
  record[RowInit.frequencyPenalty] = bitsOf(params.frequencyPenalty);
  record[RowInit.promptLength] = promptLength;
}

/** The scheduler's view of an `add` command; its arrays are windows into `words`. @param now ms of the scheduler's clock */
export function decodeAdd(words: Int32Array, now: number): RequestSpec & { readonly cacheSalt: number } {
  const allowedStart = FIXED_WORDS + words[AddWord.numStops]!;
  const namedStart = allowedStart + words[AddWord.numAllowed]!;
  const editsStart = namedStart + words[AddWord.numLogprobIds]!;
  const extraStart = extraArgsStart(words);
  const repetition = readRepetition(words);
  const promptStart = extraStart + Math.ceil(words[AddWord.extraArgsBytes]! / 4);
  return {
    id: words[AddWord.id]!,
    maxTokens: words[AddWord.maxTokens]!,
    logprobs: words[AddWord.logprobs]!,
    promptLogprobs: words[AddWord.promptLogprobs]!,
    priority: words[AddWord.priority]!,
    tenant: words[AddWord.tenant]!,
    ...(words[AddWord.forkOf] !== 0 && { forkOf: words[AddWord.forkOf]! }),
    keepBlocks: words[AddWord.keepBlocks] === 1,
    cacheSalt: words[AddWord.saltHigh]! * 2 ** 32 + (words[AddWord.saltLow]! >>> 0),
    deadline: words[AddWord.timeoutMs]! < 0 ? Number.POSITIVE_INFINITY : now + words[AddWord.timeoutMs]!,
    rowInit: words.subarray(RECORD_START, FIXED_WORDS),
    stopTokenIds: words.subarray(FIXED_WORDS, allowedStart),
    allowedTokenIds: words.subarray(allowedStart, namedStart),
    logprobTokenIds: words.subarray(namedStart, editsStart),
    logitEdits: words.subarray(editsStart, extraStart),
    ...(repetition && { repetition }),
    promptTokens: words.subarray(promptStart),
  };
}

/** What an `add` command has for custom logits processors; undefined for nothing. */
export function decodeExtraArgs(words: Int32Array): Record<string, unknown> | undefined {
  const bytes = words[AddWord.extraArgsBytes]!;
  if (bytes === 0) return undefined;
  const start = words.byteOffset + 4 * extraArgsStart(words);
  return JSON.parse(Buffer.from(words.buffer, start, bytes).toString("utf8"));
}

function extraArgsStart(words: Int32Array): number {
  const ids = words[AddWord.numStops]! + words[AddWord.numAllowed]! + words[AddWord.numLogprobIds]!;
  return FIXED_WORDS + ids + words[AddWord.numEdits]!;
}

export function encodeRelease(id: number): Int32Array {
  return Int32Array.of(Command.release, id);
}

export function encodeKvEvents(on: boolean): Int32Array {
  return Int32Array.of(Command.kvEvents, on ? 1 : 0);
}

export function encodeAbort(id: number): Int32Array {
  return Int32Array.of(Command.abort, id);
}
