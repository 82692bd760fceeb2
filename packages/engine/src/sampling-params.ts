// Sampling parameters as users give them, and the one place that checks them and fills in defaults.
import { checkArgument } from "@octavo/core";
import type { GenerationDefaults } from "@octavo/models";
import type { RepetitionDetection } from "@octavo/scheduler";
import type { WordTokenizer } from "./bad-words.js";
import { resolveExtraArgs } from "./extra-args.js";
import { checkKeys } from "./known-keys.js";
import { LogitEdits } from "./logit-edits.js";
import { flag, inRange, logprobCount, strings, tokenIds, wholeFrom } from "./param-checks.js";
import { type RepetitionDetectionParams, resolveRepetition } from "./repetition-detection.js";
import { resolveLogprobs } from "./resolve-logprobs.js";
import { type NextSeed, randomSeed, resolveSeed } from "./resolve-seed.js";
import { MAX_STREAM_INTERVAL } from "./stream-interval.js";

/**
 * How to sample. Names are vLLM's in camelCase. What is left out comes from the model's generation_config.json (see
 * `EngineOptions.generationConfig`), then from here.
 */
export interface SamplingParams {
  /** Tokens to generate at most. Default 16; `null`, and for chat the default: up to the context's end. */
  readonly maxTokens?: number | null;
  /** Neither an end token, nor a stop token, nor a stop string ends the output before it has so many tokens. Default 0. */
  readonly minTokens?: number;
  /** 0 is greedy; above 0, but below 0.01, counts as 0.01, with a warning. Default 1. */
  readonly temperature?: number;
  /** Keep the most likely tokens whose probabilities reach this, in (0, 1]. Default 1: all. */
  readonly topP?: number;
  /** Keep this many most likely tokens; 0 and -1: all. Default 0. */
  readonly topK?: number;
  /** Drop tokens less likely than this share of the most likely one, in [0, 1]. Default 0. */
  readonly minP?: number;
  /** Divides positive logits of tokens in prompt or output, multiplies negative ones; above 0. Default 1. */
  readonly repetitionPenalty?: number;
  /** Taken from the logits of tokens in the output, in [-2, 2]. Default 0. */
  readonly presencePenalty?: number;
  /** Taken from a token's logit for each time that the output has it, in [-2, 2]. Default 0. */
  readonly frequencyPenalty?: number;
  /** Token ids to what is added to their logits, from -100 to 100 (what is beyond is clamped). Up to 1024. */
  readonly logitBias?: Readonly<Record<number, number>> | null;
  /** The only tokens that may be generated; one at least. Default: all. */
  readonly allowedTokenIds?: readonly number[] | null;
  /** Words that the output does not contain, alone or after a space; each of up to 32 tokens and 256 characters. */
  readonly badWords?: readonly string[];
  /**
   * A signed integer of 64 bits, as a bigint where a number cannot hold it; the same seed and prompt give the same tokens, whatever else
   * runs. Default, and for -1: random, unless the engine has a `seed`.
   */
  readonly seed?: number | bigint;
  /** Text that ends the output when it appears; up to 16 strings. */
  readonly stop?: string | readonly string[];
  /** Tokens that end the output, beside the model's own end tokens. */
  readonly stopTokenIds?: readonly number[];
  /** Ends the output when it goes round in circles: `finishReason` is "repetition", `stopReason` "repetition_detected". Default: never. */
  readonly repetitionDetection?: RepetitionDetectionParams | null;
  /** Keep the stop string in the output. Default false. */
  readonly includeStopStrInOutput?: boolean;
  /** Go on past the model's end tokens. Default false. */
  readonly ignoreEos?: boolean;
  /** Leave special tokens out of the text. Default true. */
  readonly skipSpecialTokens?: boolean;
  /**
   * Keep the space that some decoders put before a special token also where it follows another one; without effect where special
   * tokens are left out. Default true.
   */
  readonly spacesBetweenSpecialTokens?: boolean;
  /** Outputs for the prompt. Default 1. */
  readonly n?: number;
  /** Outputs to generate, of which the `n` with the highest cumulative logprob are returned; not with streams. Default `n`. */
  readonly bestOf?: number;
  /** Give each output token's logprob, and those of so many most likely tokens, up to `maxLogprobs`; -1: all. Default: none. */
  readonly logprobs?: number | null;
  /**
   * Give, in place of the most likely tokens, the logprobs of exactly these, in this order, with each output token: up to 128, which
   * `maxLogprobs` does not bound. `logprobs` must then be left out, or be as many. Empty as if left out. Default: none.
   */
  readonly logprobTokenIds?: readonly number[] | null;
  /** The same as `logprobs` for the prompt's tokens; the prefix cache does not help such prompts. Default: none. */
  readonly promptLogprobs?: number | null;
  /** Keep only so many tokens of the prompt; -1: as many as leave room for `maxTokens`. Default: all, too long prompts are refused. */
  readonly truncatePromptTokens?: number | null;
  /** The end of the prompt that loses tokens. Default "left": its last tokens stay. */
  readonly truncationSide?: "left" | "right";
  /** Tokens of a chunk; the first and the last chunk come at once. From 1 to 1024. Default: the engine's. */
  readonly streamInterval?: number | null;
  /** For custom logits processors (`EngineOptions.logitsProcessors`): values that JSON can carry. */
  readonly extraArgs?: Readonly<Record<string, unknown>> | null;
  /** Share cached prefixes only with requests of the same salt, not empty. Default: with those that have none. */
  readonly cacheSalt?: string;
}

/** Parameters that are complete and checked. */
export interface ResolvedSamplingParams {
  readonly maxTokens: number;
  readonly minTokens: number;
  readonly temperature: number;
  readonly topP: number;
  readonly topK: number;
  readonly minP: number;
  readonly repetitionPenalty: number;
  readonly presencePenalty: number;
  readonly frequencyPenalty: number;
  /** Each once; none: all are allowed. */
  readonly allowedTokenIds: readonly number[];
  /** Words of an `edits` record of core's plan, from logitBias, minTokens and badWords. */
  readonly logitEdits: Int32Array;
  /** Whether the device must know the request's tokens. */
  readonly needsHistory: boolean;
  readonly seed: number | bigint;
  readonly stop: readonly string[];
  readonly stopTokenIds: readonly number[];
  readonly repetition?: RepetitionDetection;
  readonly streamInterval: number;
  readonly includeStopStrInOutput: boolean;
  readonly ignoreEos: boolean;
  readonly skipSpecialTokens: boolean;
  readonly spacesBetweenSpecialTokens: boolean;
  /** Alternatives to report with each output token; -1: no logprobs. */
  readonly logprobs: number;
  /** Tokens whose logprobs are reported with each output token. */
  readonly logprobTokenIds: readonly number[];
  readonly promptLogprobs: number;
  /** As JSON; "" for none. */
  readonly extraArgs: string;
  readonly cacheSalt?: string;
}

export interface SamplingContext {
  readonly defaults: GenerationDefaults;
  readonly vocabSize: number;
  readonly maxModelLen: number;
  readonly numPromptTokens: number;
  /** Default 20. */
  readonly maxLogprobs?: number;
  /** The model's end tokens, for `minTokens`. Default: none. */
  readonly endTokenIds?: readonly number[];
  /** For requests without one. Default: random. */
  readonly nextSeed?: NextSeed;
  /** Where a request leaves it out. Default 1. */
  readonly streamInterval?: number;
  /** For `badWords`; called only where there are any, and may throw. */
  readonly tokenizer?: () => WordTokenizer;
}

/** vLLM's own limit is 4 per HTTP request; 16 leaves room and keeps the matcher cheap. */
const MAX_STOP_STRINGS = 16;
const MAX_STRING_LENGTH = 1024;
/** No more fit into the edits of a request, nor longer ones into 32 tokens of a usual vocabulary. */
const MAX_BAD_WORDS = 1024;
const MAX_BAD_WORD_LENGTH = 256;
/** Below this, logits are divided until they overflow; vLLM's limit. */
const MIN_TEMPERATURE = 0.01;

const KNOWN: Readonly<Record<keyof SamplingParams, true>> = {
  maxTokens: true,
  minTokens: true,
  temperature: true,
  topP: true,
  topK: true,
  minP: true,
  repetitionPenalty: true,
  presencePenalty: true,
  frequencyPenalty: true,
  logitBias: true,
  allowedTokenIds: true,
  badWords: true,
  seed: true,
  stop: true,
  stopTokenIds: true,
  repetitionDetection: true,
  streamInterval: true,
  includeStopStrInOutput: true,
  ignoreEos: true,
  skipSpecialTokens: true,
  spacesBetweenSpecialTokens: true,
  n: true,
  bestOf: true,
  logprobs: true,
  logprobTokenIds: true,
  promptLogprobs: true,
  truncatePromptTokens: true,
  truncationSide: true,
  extraArgs: true,
  cacheSalt: true,
};

/** Checks `params` and fills in what is missing. @throws INVALID_ARGUMENT with `param` naming the field as HTTP does */
export function resolveSamplingParams(params: SamplingParams, context: SamplingContext): ResolvedSamplingParams {
  checkKeys(params, KNOWN, "sampling parameter");
  const { defaults, vocabSize, maxModelLen, numPromptTokens, maxLogprobs = 20 } = context;
  const room = maxModelLen - numPromptTokens;
  const requested = params.maxTokens === undefined ? 16 : (params.maxTokens ?? room);
  const maxTokens = Math.min(
    wholeFrom("max_tokens", requested, 1, Number.MAX_SAFE_INTEGER),
    Math.max(room, 1),
    defaults.maxNewTokens ?? Number.POSITIVE_INFINITY,
  );
  const topP = inRange("top_p", params.topP ?? defaults.topP ?? 1, 0, 1);
  checkArgument(topP > 0, "top_p must be above 0; use temperature 0 for greedy sampling", "top_p");
  const topK = params.topK ?? defaults.topK ?? 0;
  checkArgument(
    Number.isSafeInteger(topK) && topK >= -1,
    `top_k must be -1 or 0 (all tokens) or a positive whole number, got ${topK}`,
    "top_k",
  );
  const stop = typeof params.stop === "string" ? [params.stop] : (params.stop ?? []);
  const stopTokenIds = tokenIds("stop_token_ids", params.stopTokenIds ?? [], vocabSize);
  const minTokens = wholeFrom("min_tokens", params.minTokens ?? 0, 0, Number.MAX_SAFE_INTEGER);
  checkArgument(
    minTokens <= requested,
    `min_tokens must be at most ${params.maxTokens === null ? "what the context leaves" : "max_tokens"}, which is ${requested}, got ${minTokens}`,
    "min_tokens",
  );
  const repetition = resolveRepetition(params.repetitionDetection, minTokens);
  const penalties = resolvePenalties(params, defaults);
  const edits = new LogitEdits();
  if (params.logitBias != null) edits.addBias(params.logitBias, vocabSize);
  edits.banStops(minTokens, new Set([...stopTokenIds, ...(context.endTokenIds ?? [])]), numPromptTokens);
  const badWords = strings("bad_words", params.badWords ?? [], MAX_BAD_WORDS, MAX_BAD_WORD_LENGTH);
  if (badWords.length > 0) edits.banWords(badWords, context.tokenizer!(), vocabSize);
  return {
    maxTokens,
    minTokens,
    temperature: resolveTemperature(params.temperature ?? defaults.temperature ?? 1),
    topP,
    topK: topK >= vocabSize ? 0 : Math.max(topK, 0),
    minP: inRange("min_p", params.minP ?? defaults.minP ?? 0, 0, 1),
    ...penalties,
    allowedTokenIds: resolveAllowed(params.allowedTokenIds, vocabSize),
    logitEdits: edits.finish(),
    needsHistory: edits.hasContext || hasEffect(penalties),
    seed: resolveSeed(params.seed, context.nextSeed ?? randomSeed),
    stop: strings("stop", stop, MAX_STOP_STRINGS, MAX_STRING_LENGTH),
    stopTokenIds,
    ...(repetition && { repetition }),
    streamInterval: wholeFrom(
      "stream_interval",
      params.streamInterval ?? context.streamInterval ?? 1,
      1,
      MAX_STREAM_INTERVAL,
    ),
    includeStopStrInOutput: flag("include_stop_str_in_output", params.includeStopStrInOutput, false),
    ignoreEos: flag("ignore_eos", params.ignoreEos, false),
    skipSpecialTokens: flag("skip_special_tokens", params.skipSpecialTokens, true),
    spacesBetweenSpecialTokens: flag("spaces_between_special_tokens", params.spacesBetweenSpecialTokens, true),
    ...resolveLogprobs(params, maxLogprobs, vocabSize),
    promptLogprobs: logprobCount("prompt_logprobs", params.promptLogprobs, maxLogprobs, vocabSize),
    extraArgs: resolveExtraArgs(params.extraArgs),
    ...(params.cacheSalt !== undefined && { cacheSalt: checkSalt(params.cacheSalt) }),
  };
}

type Penalties = Pick<ResolvedSamplingParams, "repetitionPenalty" | "presencePenalty" | "frequencyPenalty">;

function resolvePenalties(params: SamplingParams, defaults: GenerationDefaults): Penalties {
  const repetition = params.repetitionPenalty ?? defaults.repetitionPenalty ?? 1;
  const repetitionPenalty = inRange("repetition_penalty", repetition, 0, Number.MAX_VALUE);
  checkArgument(repetitionPenalty > 0, "repetition_penalty must be above 0; 1 is off", "repetition_penalty");
  return {
    repetitionPenalty,
    presencePenalty: inRange("presence_penalty", params.presencePenalty ?? 0, -2, 2),
    frequencyPenalty: inRange("frequency_penalty", params.frequencyPenalty ?? 0, -2, 2),
  };
}

function hasEffect({ repetitionPenalty, presencePenalty, frequencyPenalty }: Penalties): boolean {
  return repetitionPenalty !== 1 || presencePenalty !== 0 || frequencyPenalty !== 0;
}

let warnedOfTemperature = false;

function resolveTemperature(asked: number): number {
  const temperature = inRange("temperature", asked, 0, Number.MAX_VALUE);
  if (temperature === 0 || temperature >= MIN_TEMPERATURE) return temperature;
  if (!warnedOfTemperature) {
    process.emitWarning(`temperature ${temperature} is raised to ${MIN_TEMPERATURE}; use 0 for greedy sampling`, {
      code: "OCTAVO_TEMPERATURE",
    });
  }
  warnedOfTemperature = true;
  return MIN_TEMPERATURE;
}

function resolveAllowed(allowed: readonly number[] | null | undefined, vocabSize: number): readonly number[] {
  if (allowed === null || allowed === undefined) return [];
  const ids = new Set(tokenIds("allowed_token_ids", allowed, vocabSize));
  checkArgument(
    ids.size > 0,
    "allowed_token_ids is empty: give one token at least, or leave it out",
    "allowed_token_ids",
  );
  return ids.size === vocabSize ? [] : [...ids];
}

function checkSalt(salt: string): string {
  checkArgument(
    typeof salt === "string" && salt.length > 0,
    `cache_salt must be a text that is not empty, got ${JSON.stringify(salt)?.slice(0, 40)}`,
    "cache_salt",
  );
  return salt;
}
