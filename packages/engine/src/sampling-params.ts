// Sampling parameters as users give them, and the one place that checks them and fills in defaults.
import { checkArgument, OctavoError } from "@octavo/core";
import type { GenerationDefaults } from "@octavo/models";
import { checkKeys } from "./known-keys.js";

/** How to sample. Names are vLLM's in camelCase. What is left out comes from the model's generation_config.json, then from here. */
export interface SamplingParams {
  /** Tokens to generate at most. Default 16; `null`, and for chat the default: up to the context's end. */
  readonly maxTokens?: number | null;
  /** 0 is greedy. Default 1. */
  readonly temperature?: number;
  /** Keep the most likely tokens whose probabilities reach this, in (0, 1]. Default 1: all. */
  readonly topP?: number;
  /** Keep this many most likely tokens; 0 and -1: all. Default 0. */
  readonly topK?: number;
  /** Drop tokens less likely than this share of the most likely one, in [0, 1]. Default 0. */
  readonly minP?: number;
  /** Any safe integer; the same seed and prompt give the same tokens, whatever else runs. Default: random. */
  readonly seed?: number;
  /** Text that ends the output when it appears; up to 16 strings. */
  readonly stop?: string | readonly string[];
  /** Tokens that end the output, beside the model's own end tokens. */
  readonly stopTokenIds?: readonly number[];
  /** Keep the stop string in the output. Default false. */
  readonly includeStopStrInOutput?: boolean;
  /** Go on past the model's end tokens. Default false. */
  readonly ignoreEos?: boolean;
  /** Leave special tokens out of the text. Default true. */
  readonly skipSpecialTokens?: boolean;
  /** Outputs for the prompt. Default 1. */
  readonly n?: number;
  /** Give each output token's logprob, and those of so many most likely tokens, up to `maxLogprobs`. Default: none. */
  readonly logprobs?: number | null;
  /** The same for the prompt's tokens; the prefix cache does not help such prompts. Default: none. */
  readonly promptLogprobs?: number | null;
  /** Share cached prefixes only with requests of the same salt, not empty. Default: with those that have none. */
  readonly cacheSalt?: string;
}

/** Parameters that are complete and checked. */
export interface ResolvedSamplingParams {
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topP: number;
  readonly topK: number;
  readonly minP: number;
  readonly seed: number;
  readonly stop: readonly string[];
  readonly stopTokenIds: readonly number[];
  readonly includeStopStrInOutput: boolean;
  readonly ignoreEos: boolean;
  readonly skipSpecialTokens: boolean;
  /** Alternatives to report with each output token; -1: no logprobs. */
  readonly logprobs: number;
  readonly promptLogprobs: number;
  readonly cacheSalt?: string;
}

export interface SamplingContext {
  readonly defaults: GenerationDefaults;
  readonly vocabSize: number;
  readonly maxModelLen: number;
  readonly numPromptTokens: number;
  /** Default 20. */
  readonly maxLogprobs?: number;
}

/** vLLM's own limit is 4 per HTTP request; 16 leaves room and keeps the matcher cheap. */
const MAX_STOP_STRINGS = 16;
const MAX_STOP_STRING_LENGTH = 1024;

const KNOWN: Readonly<Record<keyof SamplingParams, true>> = {
  maxTokens: true,
  temperature: true,
  topP: true,
  topK: true,
  minP: true,
  seed: true,
  stop: true,
  stopTokenIds: true,
  includeStopStrInOutput: true,
  ignoreEos: true,
  skipSpecialTokens: true,
  n: true,
  logprobs: true,
  promptLogprobs: true,
  cacheSalt: true,
};

/** Checks `params` and fills in what is missing. @throws INVALID_ARGUMENT with `param` naming the field as HTTP does */
export function resolveSamplingParams(params: SamplingParams, context: SamplingContext): ResolvedSamplingParams {
  checkKeys(params, KNOWN, "sampling parameter");
  const { defaults, vocabSize, maxModelLen, numPromptTokens, maxLogprobs = 20 } = context;
  const room = maxModelLen - numPromptTokens;
  const requested = params.maxTokens === undefined ? 16 : (params.maxTokens ?? room);
  checkArgument(
    Number.isSafeInteger(requested) && requested >= 1,
    `max_tokens must be a whole number of at least 1, got ${requested}`,
    "max_tokens",
  );
  const temperature = inRange("temperature", params.temperature ?? defaults.temperature ?? 1, 0, Number.MAX_VALUE);
  const topP = inRange("top_p", params.topP ?? defaults.topP ?? 1, 0, 1);
  checkArgument(topP > 0, "top_p must be above 0; use temperature 0 for greedy sampling", "top_p");
  const topK = params.topK ?? defaults.topK ?? 0;
  checkArgument(
    Number.isSafeInteger(topK) && topK >= -1,
    `top_k must be -1 or 0 (all tokens) or a positive whole number, got ${topK}`,
    "top_k",
  );
  const stop = typeof params.stop === "string" ? [params.stop] : (params.stop ?? []);
  checkStopStrings(stop);
  const stopTokenIds = params.stopTokenIds ?? [];
  checkArgument(Array.isArray(stopTokenIds), `stop_token_ids must be a list, got ${stopTokenIds}`, "stop_token_ids");
  for (const id of stopTokenIds) {
    checkArgument(
      Number.isInteger(id) && id >= 0 && id < vocabSize,
      `stop_token_ids must be token ids below ${vocabSize}, got ${id}`,
      "stop_token_ids",
    );
  }
  const seed = params.seed ?? randomSeed();
  checkArgument(Number.isSafeInteger(seed), `seed must be a safe integer, got ${seed}`, "seed");
  const { cacheSalt } = params;
  checkArgument(
    cacheSalt === undefined || (typeof cacheSalt === "string" && cacheSalt.length > 0),
    `cache_salt must be a text that is not empty, got ${JSON.stringify(cacheSalt)?.slice(0, 40)}`,
    "cache_salt",
  );
  const alternatives = (name: string, asked: number | null | undefined) =>
    Math.min(checkLogprobs(name, asked, maxLogprobs), vocabSize);
  return {
    maxTokens: Math.min(requested, Math.max(room, 1), defaults.maxNewTokens ?? Number.POSITIVE_INFINITY),
    temperature,
    topP,
    topK: topK >= vocabSize ? 0 : Math.max(topK, 0),
    minP: inRange("min_p", params.minP ?? defaults.minP ?? 0, 0, 1),
    seed,
    stop,
    stopTokenIds,
    includeStopStrInOutput: params.includeStopStrInOutput ?? false,
    ignoreEos: params.ignoreEos ?? false,
    skipSpecialTokens: params.skipSpecialTokens ?? true,
    logprobs: alternatives("logprobs", params.logprobs),
    promptLogprobs: alternatives("prompt_logprobs", params.promptLogprobs),
    ...(cacheSalt !== undefined && { cacheSalt }),
  };
}

/** vLLM's own limit. */
const MAX_N = 16384;

/** How many outputs `params` ask for. @throws INVALID_ARGUMENT */
export function resolveN({ n = 1 }: SamplingParams): number {
  checkArgument(
    Number.isSafeInteger(n) && n >= 1 && n <= MAX_N,
    `n must be a whole number from 1 to ${MAX_N}, got ${n}`,
    "n",
  );
  return n;
}

/** @returns -1 for none */
function checkLogprobs(name: string, asked: number | null | undefined, limit: number): number {
  if (asked === undefined || asked === null) return -1;
  checkArgument(
    asked !== -1,
    `${name} of the whole vocabulary (-1) are not implemented; ask for at most ${limit}`,
    name,
  );
  checkArgument(
    Number.isSafeInteger(asked) && asked >= 0 && asked <= limit,
    `${name} must be a whole number from 0 to ${limit} (max_logprobs), got ${asked}`,
    name,
  );
  return asked;
}

function inRange(name: string, value: number, min: number, max: number): number {
  if (typeof value === "number" && value >= min && value <= max) return value;
  const range = max === Number.MAX_VALUE ? `a finite number of at least ${min}` : `between ${min} and ${max}`;
  throw new OctavoError({ code: "INVALID_ARGUMENT", message: `${name} must be ${range}, got ${value}`, param: name });
}

function checkStopStrings(stop: readonly string[]): void {
  checkArgument(Array.isArray(stop), `stop must be a string or a list of strings, got ${stop}`, "stop");
  checkArgument(
    stop.length <= MAX_STOP_STRINGS,
    `stop takes at most ${MAX_STOP_STRINGS} strings, got ${stop.length}`,
    "stop",
  );
  for (const text of stop) {
    checkArgument(
      typeof text === "string" && text.length > 0 && text.length <= MAX_STOP_STRING_LENGTH,
      `stop strings must have 1 to ${MAX_STOP_STRING_LENGTH} characters, got ${JSON.stringify(text)?.slice(0, 40)}`,
      "stop",
    );
  }
}

function randomSeed(): number {
  return Math.floor(Math.random() * Number.MAX_SAFE_INTEGER);
}
