// Workloads that fast-check draws and makes smaller. A key that is left out is the smallest value of all.
import type { SamplingParams, SpeculativeConfig } from "@octavo/engine";
import { SCHEDULING_POLICIES } from "@octavo/scheduler";
import fc from "fast-check";
import {
  DTYPES,
  MAX_MODEL_LEN,
  MODELS,
  type ModelName,
  type Workload,
  type WorkloadEngine,
  type WorkloadEvent,
  type WorkloadRequest,
} from "./workload.js";

const MAX_REQUESTS = 8;

const whole = (min: number, max: number) => fc.integer({ min, max });

/** What is left out unless drawn, and left out again where the case stays one without it. */
interface Part<T> {
  /** Of 100 cases, about so many have it. */
  readonly percent: number;
  readonly values: fc.Arbitrary<T>;
}

type Parts<T> = { readonly [Key in keyof T]-?: Part<Exclude<T[Key], undefined>> };

const part = <T>(percent: number, values: fc.Arbitrary<T>): Part<T> => ({ percent, values });

/** Objects of any of the parts. */
function partial<T extends object>(parts: Parts<T>): fc.Arbitrary<Partial<T>> {
  const values = Object.entries<Part<unknown>>(parts).map(([key, { percent, values }]) => {
    const missing = { arbitrary: fc.constant<unknown>(undefined), weight: 100 - percent };
    return [key, fc.oneof({ withCrossShrink: true }, missing, { arbitrary: values, weight: percent })] as const;
  });
  return fc
    .record(Object.fromEntries(values))
    .map((all) => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Partial<T>);
}

const modelName = fc.constantFrom(...(Object.keys(MODELS) as ModelName[]));
const drafts = { numSpeculativeTokens: whole(1, 8), adaptive: fc.constantFrom(false, false, true) };
const speculation: fc.Arbitrary<SpeculativeConfig> = fc.oneof(
  fc.record({
    method: fc.constant("ngram" as const),
    ...drafts,
    promptLookupMin: whole(1, 3),
    promptLookupMax: whole(3, 6),
  }),
  fc.record({ method: fc.constant("suffix" as const), ...drafts, suffixDecodingMaxTreeDepth: whole(2, 24) }),
  fc.record({ method: fc.constant("self" as const), ...drafts, numLayers: whole(1, 2) }),
  fc.record({ method: fc.constant("draft_model" as const), ...drafts, model: modelName }),
);

const engine: fc.Arbitrary<WorkloadEngine> = partial({
  model: part(75, modelName),
  dtype: part(40, fc.constantFrom(...DTYPES)),
  maxModelLen: part(60, whole(20, MAX_MODEL_LEN)),
  blockSize: part(90, fc.constantFrom(8, 8, 4, 4, 3, 2, 1)),
  spareBlocks: part(35, whole(1, 12)),
  hostBlocks: part(50, whole(1, 60)),
  maxNumSeqs: part(70, fc.oneof(whole(1, 2), whole(1, 6))),
  maxNumBatchedTokens: part(60, fc.oneof(whole(1, 12), whole(1, 64))),
  longPrefillTokenThreshold: part(25, whole(1, 20)),
  partialPrefills: part(25, fc.tuple(whole(1, 4), whole(1, 4))),
  maxInterTokenLatencyMs: part(15, whole(1, 8)),
  schedulingPolicy: part(60, fc.constantFrom(...SCHEDULING_POLICIES)),
  enablePrefixCaching: part(25, fc.constant(false)),
  asyncScheduling: part(60, fc.constant(true)),
  enforceEager: part(30, fc.constant(true)),
  speculativeConfig: part(60, speculation),
}).map(({ partialPrefills: both, ...options }) => ({
  ...options,
  ...(both && { maxNumPartialPrefills: Math.max(...both), maxLongPartialPrefills: Math.min(...both) }),
}));

const letter = whole(97, 122);
const word = fc.string({ unit: fc.constantFrom("a", "b", "c", "d"), minLength: 1, maxLength: 2 });

/** Often few tokens are allowed, so that stops and drafts are met. */
const params: fc.Arbitrary<SamplingParams> = partial<Omit<SamplingParams, Unused>>({
  temperature: part(60, fc.constantFrom(0.7, 1)),
  seed: part(40, whole(0, 2)),
  maxTokens: part(90, whole(1, 24)),
  topK: part(12, whole(1, 20)),
  topP: part(12, fc.constantFrom(0.5, 0.9)),
  minP: part(12, fc.constantFrom(0.05, 0.3)),
  presencePenalty: part(12, fc.constantFrom(1, -1.5)),
  frequencyPenalty: part(12, fc.constantFrom(0.5, -2)),
  repetitionPenalty: part(12, fc.constantFrom(1.3, 0.7)),
  logitBias: part(10, fc.dictionary(letter.map(String), whole(-100, 20), { minKeys: 1, maxKeys: 4 })),
  allowedTokenIds: part(
    40,
    whole(1, 6).map((count) => Array.from({ length: count }, (_, i) => 97 + i)),
  ),
  badWords: part(10, fc.array(word, { minLength: 1, maxLength: 2 })),
  minTokens: part(12, whole(1, 24)),
  ignoreEos: part(15, fc.constant(false)),
  stop: part(15, fc.array(word, { minLength: 1, maxLength: 2 })),
  stopTokenIds: part(10, fc.array(letter, { minLength: 1, maxLength: 8 })),
  extraArgs: part(6, fc.constant({ even: true })),
  logprobs: part(30, fc.constantFrom(null, null, 1, 3)),
  promptLogprobs: part(8, whole(0, 3)),
  repetitionDetection: part(8, fc.record({ maxPatternSize: whole(1, 4), minCount: whole(2, 3) })),
});

/** What does not reach the core of an engine, has a place of its own in a workload, or takes that of the logprobs that are compared. */
type Unused =
  | "logprobTokenIds"
  | "streamInterval"
  | "n"
  | "bestOf"
  | "cacheSalt"
  | "includeStopStrInOutput"
  | "skipSpecialTokens"
  | "spacesBetweenSpecialTokens"
  | "truncatePromptTokens"
  | "truncationSide";

const request: fc.Arbitrary<WorkloadRequest> = partial<WorkloadRequest>({
  text: part(40, whole(1, 3)),
  from: part(65, whole(1, 2)),
  shared: part(90, whole(1, 70)),
  own: part(60, whole(1, 12)),
  fork: part(45, fc.constant(true)),
  n: part(25, whole(2, 3)),
  params: part(90, params),
  wait: part(50, whole(1, 8)),
  whenIdle: part(10, fc.constant(true)),
  abortAfter: part(15, whole(0, 20)),
  timeoutMs: part(7, whole(1, 30)),
  priority: part(40, whole(-2, 2)),
  tenant: part(40, whole(1, 3)),
  cacheSalt: part(10, whole(1, 2)),
  keepBlocks: part(20, fc.constant(true)),
});

const event: fc.Arbitrary<WorkloadEvent> = fc.record({
  at: whole(0, 30),
  what: fc.constantFrom("forget", "restart", "resume", "pause keep", "pause wait"),
});

export const randomWorkload: fc.Arbitrary<Workload> = fc
  .tuple(
    partial<Omit<Workload, "requests">>({
      engine: part(97, engine),
      events: part(30, fc.array(event, { minLength: 1, maxLength: 3 })),
    }),
    fc.array(request, { minLength: 1, maxLength: MAX_REQUESTS, size: "max" }),
  )
  .map(([others, requests]) => ({ ...others, requests }));
