// What a random workload is made of: engine options, and requests that share beginnings, so that caches matter.
import type { EngineOptions, SamplingParams, SpeculativeConfig } from "@octavo/engine";
import { kvBytesPerBlock, layerGroups, readModelConfig } from "@octavo/models";
import { SCHEDULING_POLICIES } from "@octavo/scheduler";
import { SAMPLING_KINDS, type TestRequest } from "../engine/workload.js";
import type { randomIntegers } from "./random-integers.js";

type Random = ReturnType<typeof randomIntegers>;

export const MAX_MODEL_LEN = 160;
const LONGEST_SHARED = 96;
/** Tokens that a request generates at most. */
export const MAX_TOKENS = 40;
const BLOCK_SIZE = 16;
/** Blocks for one request of full length, and block 0, which is never given out. */
const ONE_REQUEST = 1 + MAX_MODEL_LEN / BLOCK_SIZE;

/** A model to fuzz with, in one precision. */
export interface FuzzModel {
  readonly name: string;
  readonly folder: string;
  readonly dtype: "float32" | "bfloat16" | "float16";
}

/** The options that every engine of a model has. */
export function commonOptions({ dtype }: FuzzModel): EngineOptions {
  return { dtype, maxModelLen: MAX_MODEL_LEN, blockSize: BLOCK_SIZE };
}

/** Memory for `blocks` KV blocks of all layers; with groups of layers, for so many in each group. */
function kvBytes({ folder, dtype }: FuzzModel, blocks: number): number {
  return blocks * kvBytesPerBlock(readModelConfig(folder), dtype, BLOCK_SIZE);
}

/** Options under which each request runs alone, whole and uncached. */
export function aloneOptions(model: FuzzModel): EngineOptions {
  return {
    ...commonOptions(model),
    maxNumSeqs: 1,
    maxNumBatchedTokens: MAX_MODEL_LEN,
    enablePrefixCaching: false,
    asyncScheduling: false,
    enforceEager: true,
    kvCacheMemoryBytes: kvBytes(model, ONE_REQUEST),
  };
}

/** Options under which nothing may change: small budgets, chunks, scarce memory, any depth. */
export function randomOptions(model: FuzzModel, random: Random): EngineOptions {
  const maxNumSeqs = random(3, 16);
  const enablePrefixCaching = random(0, 3) > 0;
  const numGroups = layerGroups(readModelConfig(model.folder), MAX_MODEL_LEN).slidingWindows.length;
  const hostBlocks = enablePrefixCaching ? random(0, 2) * random(1, 60) : 0;
  const blocks = random(0, 2) > 0 ? random(ONE_REQUEST, ONE_REQUEST + 6) : random(3, 8) * ONE_REQUEST;
  const speculation = randomSpeculation(model, random);
  // A draft model's keys and values come out of the same memory, with blocks of all its layers for each group.
  const models = speculation.speculativeConfig?.method === "draft_model" ? 1 + numGroups : 1;
  return {
    ...commonOptions(model),
    maxNumSeqs,
    maxNumBatchedTokens: maxNumSeqs + random(0, [16, 64, 256][random(0, 2)]!),
    longPrefillTokenThreshold: random(0, 2) === 0 ? random(3, 40) : 0,
    schedulingPolicy: SCHEDULING_POLICIES[random(0, 2)]!,
    ...(random(0, 2) === 0 && { maxNumPartialPrefills: random(2, 4), maxLongPartialPrefills: random(1, 2) }),
    maxInterTokenLatencyMs: random(0, 2) === 0 ? random(1, 20) : 0,
    enablePrefixCaching,
    kvOffloadingSize: kvBytes(model, hostBlocks) / 2 ** 30,
    asyncScheduling: random(0, 3) > 0,
    enforceEager: random(0, 3) === 0,
    kvCacheMemoryBytes: models * kvBytes(model, blocks),
    ...speculation,
  };
}

/** None for every third engine. */
function randomSpeculation(model: FuzzModel, random: Random): { speculativeConfig?: SpeculativeConfig } {
  const method = (["ngram", "suffix", "draft_model", "self", undefined] as const)[random(0, 4)];
  if (method === undefined) return {};
  const common = { method, numSpeculativeTokens: random(1, 12), adaptive: random(0, 3) === 0 };
  if (method === "self") return { speculativeConfig: { ...common, numLayers: random(1, 2) } };
  if (method === "draft_model") return { speculativeConfig: { ...common, model: model.folder } };
  if (method === "suffix") return { speculativeConfig: { ...common, suffixDecodingMaxTreeDepth: random(4, 24) } };
  return { speculativeConfig: { ...common, promptLookupMin: random(1, 3), promptLookupMax: random(3, 6) } };
}

/** `count` requests of all kinds; about every third ends by a stop token of its own or of the model's. */
export function randomRequests(vocabSize: number, count: number, random: Random): TestRequest[] {
  const token = () => random(0, vocabSize - 1);
  const beginnings = Array.from({ length: 3 }, () => Array.from({ length: LONGEST_SHARED }, token));
  return Array.from({ length: count }, () => {
    const shared = random(0, 3) === 0 ? [] : beginnings[random(0, 2)]!.slice(0, random(1, random(1, LONGEST_SHARED)));
    const own = Array.from({ length: random(1, 32) }, token);
    const kind = SAMPLING_KINDS[random(0, SAMPLING_KINDS.length - 1)]!;
    const edits = random(0, 2) === 0 ? randomEdits(token, random) : {};
    return {
      prompt: [...shared, ...own],
      params: {
        ...kind,
        ...edits,
        seed: random(0, 2 ** 31),
        maxTokens: MAX_TOKENS,
        ignoreEos: random(0, 1) === 0,
        stopTokenIds: random(0, 3) === 0 ? Array.from({ length: 4 }, token) : [],
      },
    };
  });
}

/** Some of the parameters that edit logits, with random values. */
function randomEdits(token: () => number, random: Random): SamplingParams {
  const some = <Params extends SamplingParams>(params: Params) => (random(0, 1) === 0 ? params : {});
  const letter = () => String.fromCharCode(token()).trim() || "a";
  return {
    ...some({ presencePenalty: random(-20, 20) / 10 }),
    ...some({ frequencyPenalty: random(-20, 20) / 10 }),
    ...some({ repetitionPenalty: random(5, 20) / 10 }),
    ...some({
      logitBias: Object.fromEntries(Array.from({ length: random(1, 9) }, () => [token(), random(-100, 100)])),
    }),
    ...some({ allowedTokenIds: Array.from({ length: random(30, 200) }, token) }),
    ...some({ badWords: Array.from({ length: random(1, 4) }, () => letter() + (random(0, 1) ? letter() : "")) }),
    ...some({ minTokens: random(1, 9) }),
  };
}
