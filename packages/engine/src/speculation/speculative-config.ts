// How drafts are made, under vLLM's names, and what of it can be said before a model is loaded.
import { checkArgument } from "@octavo/core";
import { checkKeys } from "../known-keys.js";
import { fromSnakeCase, snakeCase } from "../snake-case.js";

/** Who proposes tokens; see {@link SpeculativeConfig.method}. */
export const SPECULATIVE_METHODS = ["ngram", "suffix", "draft_model", "self"] as const;

export type SpeculativeMethod = (typeof SPECULATIVE_METHODS)[number];

/**
 * Speculative decoding: several tokens of a request are verified in one step. The tokens are those without it, sampled ones too;
 * `numSpeculativeTokens` is a bound, of which a step uses what has paid so far.
 */
export interface SpeculativeConfig {
  /**
   * "ngram": what followed the last tokens when they came before in prompt or output. "suffix": the same with a suffix tree, which
   * weighs how often, and over earlier outputs too. "draft_model": a smaller model of the same vocabulary. "self": the model's own
   * first layers. Default: "draft_model" where a `model` is given.
   */
  readonly method?: SpeculativeMethod;
  /** Drafts of a request in one step at most, up to 64. Default: 8 for ngram, `suffixDecodingMaxTreeDepth` for suffix, 4 for models. */
  readonly numSpeculativeTokens?: number;
  /** Give fewer drafts, or none, where they do not pay. Default true; false always gives all that there are, for measuring. */
  readonly adaptive?: boolean;
  /** ngram: tokens that must match at least. Default: `promptLookupMax`, or 5. */
  readonly promptLookupMin?: number;
  /** ngram: tokens that are compared at most; the longest match wins, then the latest. Default: `promptLookupMin`, or 5. */
  readonly promptLookupMax?: number;
  /** suffix: tokens that are compared at most, and the tree's depth. Default 24. */
  readonly suffixDecodingMaxTreeDepth?: number;
  /** suffix: finished requests whose outputs are remembered for others; 0: none. Default 10000. */
  readonly suffixDecodingMaxCachedRequests?: number;
  /** suffix: drafts for each matched token. Default 1. */
  readonly suffixDecodingMaxSpecFactor?: number;
  /** suffix: how likely a draft must be, by counts, with all drafts before it. Default 0.1. */
  readonly suffixDecodingMinTokenProb?: number;
  /** draft_model: a folder, a GGUF file or a name on a hub. */
  readonly model?: string;
  /** self: how many layers draft. Default: a quarter of them. */
  readonly numLayers?: number;
}

/** Complete and checked. */
export interface ResolvedSpeculation extends Required<Omit<SpeculativeConfig, "model" | "numLayers">> {
  readonly model: string | undefined;
  readonly numLayers: number | undefined;
}

/** Statistics have a counter for each position. */
export const MAX_SPECULATIVE_TOKENS = 64;
/** Far above what text repeats; bounds the work of a lookup. */
const MAX_MATCH = 1024;
const MAX_DEPTH = 256;

const NUMBERS = {
  numSpeculativeTokens: [1, MAX_SPECULATIVE_TOKENS],
  promptLookupMin: [1, MAX_MATCH],
  promptLookupMax: [1, MAX_MATCH],
  suffixDecodingMaxTreeDepth: [2, MAX_DEPTH],
  suffixDecodingMaxCachedRequests: [0, 2 ** 31 - 1],
  numLayers: [1, 2 ** 16],
} as const;

type Key = keyof SpeculativeConfig;

/** Which keys belong to a method; the others are refused, because they would do nothing. */
const KEYS: Readonly<Record<SpeculativeMethod, readonly Key[]>> = {
  ngram: ["promptLookupMin", "promptLookupMax"],
  suffix: [
    "suffixDecodingMaxTreeDepth",
    "suffixDecodingMaxCachedRequests",
    "suffixDecodingMaxSpecFactor",
    "suffixDecodingMinTokenProb",
  ],
  draft_model: ["model"],
  self: ["numLayers"],
};

const COMMON: readonly Key[] = ["method", "numSpeculativeTokens", "adaptive"];
const ALL: readonly Key[] = [...COMMON, ...Object.values(KEYS).flat()];

/** Fills in the defaults. @throws INVALID_ARGUMENT that names the key as vLLM does */
export function resolveSpeculation(config: SpeculativeConfig): ResolvedSpeculation {
  checkKeys(config, Object.fromEntries(ALL.map((key) => [key, true])), "key of speculative_config");
  const method = config.method ?? (config.model === undefined ? undefined : "draft_model");
  check(
    method !== undefined && (SPECULATIVE_METHODS as readonly string[]).includes(method),
    "method",
    `must be ${SPECULATIVE_METHODS.join(", ")}, got ${method}`,
  );
  for (const key of Object.keys(config) as Key[]) {
    const fits = COMMON.includes(key) || KEYS[method!].includes(key) || config[key] === undefined;
    check(fits, key, `does not belong to method ${method}, which has ${KEYS[method!].map(snakeCase).join(", ")}`);
  }
  for (const [key, [low, high]] of Object.entries(NUMBERS) as [keyof typeof NUMBERS, readonly [number, number]][]) {
    const value = config[key] as unknown;
    const fits = value === undefined || (Number.isSafeInteger(value) && Number(value) >= low && Number(value) <= high);
    check(fits, key, `must be a whole number from ${low} to ${high}, got ${value}`);
  }
  const { adaptive } = config;
  check(adaptive === undefined || typeof adaptive === "boolean", "adaptive", `must be true or false, got ${adaptive}`);
  const promptLookupMax = config.promptLookupMax ?? config.promptLookupMin ?? 5;
  const promptLookupMin = config.promptLookupMin ?? promptLookupMax;
  check(
    promptLookupMin <= promptLookupMax,
    "promptLookupMin",
    `is ${promptLookupMin}, above prompt_lookup_max ${promptLookupMax}`,
  );
  const { suffixDecodingMaxSpecFactor: factor = 1, suffixDecodingMinTokenProb: probability = 0.1 } = config;
  check(
    factor > 0 && factor <= MAX_DEPTH,
    "suffixDecodingMaxSpecFactor",
    `must be above 0 and at most ${MAX_DEPTH}, got ${factor}`,
  );
  check(probability >= 0 && probability <= 1, "suffixDecodingMinTokenProb", `must be from 0 to 1, got ${probability}`);
  const { model } = config;
  check(
    method !== "draft_model" || (typeof model === "string" && model !== ""),
    "model",
    "must name a folder or GGUF file",
  );
  const depth = config.suffixDecodingMaxTreeDepth ?? 24;
  const usual = { ngram: 8, suffix: Math.min(depth, MAX_SPECULATIVE_TOKENS), draft_model: 4, self: 4 }[method!];
  return {
    method: method!,
    numSpeculativeTokens: config.numSpeculativeTokens ?? usual,
    adaptive: config.adaptive ?? true,
    promptLookupMin,
    promptLookupMax,
    suffixDecodingMaxTreeDepth: depth,
    suffixDecodingMaxCachedRequests: config.suffixDecodingMaxCachedRequests ?? 10_000,
    suffixDecodingMaxSpecFactor: factor,
    suffixDecodingMinTokenProb: probability,
    model,
    numLayers: config.numLayers,
  };
}

/**
 * The config of a JSON object with vLLM's keys, such as `{"method": "ngram", "num_speculative_tokens": 4}`.
 * @throws INVALID_ARGUMENT for what is no object, and for unknown keys by name
 */
export function speculativeConfigOf(json: unknown): SpeculativeConfig {
  return fromSnakeCase(json, ALL, "speculative_config") as SpeculativeConfig;
}

function check(fits: boolean, key: Key, problem: string): void {
  const name = `speculative_config.${snakeCase(key)}`;
  checkArgument(fits, () => `${name} ${problem}`, name);
}
