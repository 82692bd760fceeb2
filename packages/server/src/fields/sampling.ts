// The sampling fields that chat and text completions share, and their way to the engine. Ranges are the engine's business.
import { resolveChoices, type SamplingParams } from "@octavo/engine";
import { z } from "zod";
import { badRequest } from "../errors/api-error.js";

/** The engine looks through them at every token. */
const MAX_STOP_TOKEN_IDS = 1024;

const shortString = z.string().meta({ minLength: 1, maxLength: 1024 });
const tokenId = z.int().meta({ minimum: 0 });
const flag = z.boolean().optional();

/** Schema entries; put them into a route's `z.object`. `meta` tells /openapi.json of the ranges, which the engine checks. */
export const samplingFields = {
  max_tokens: z.int().min(1).optional(),
  min_tokens: z.int().meta({ minimum: 0 }).optional(),
  temperature: z.number().meta({ minimum: 0 }).optional(),
  top_p: z.number().meta({ exclusiveMinimum: 0, maximum: 1 }).optional(),
  top_k: z.int().meta({ minimum: -1 }).optional(),
  min_p: z.number().meta({ minimum: 0, maximum: 1 }).optional(),
  repetition_penalty: z.number().meta({ exclusiveMinimum: 0 }).optional(),
  presence_penalty: z.number().meta({ minimum: -2, maximum: 2 }).optional(),
  frequency_penalty: z.number().meta({ minimum: -2, maximum: 2 }).optional(),
  logit_bias: z
    .record(z.string(), z.number())
    .meta({ description: "Token ids to what is added to their logits; clamped to -100 to 100." })
    .optional(),
  allowed_token_ids: z.array(tokenId).meta({ minItems: 1 }).optional(),
  bad_words: z
    .array(z.string().meta({ minLength: 1, maxLength: 256 }))
    .meta({ maxItems: 1024 })
    .optional(),
  seed: z
    .union([z.int(), z.bigint()], { error: "expected an integer of 64 bits" })
    .meta({ description: "A signed integer of 64 bits; -1 as if left out." })
    .optional(),
  stop: z
    .union([shortString, z.array(shortString).meta({ maxItems: 16 })], {
      error: "expected a string or a list of strings",
    })
    .optional(),
  stop_token_ids: z.array(tokenId).max(MAX_STOP_TOKEN_IDS, `expected at most ${MAX_STOP_TOKEN_IDS} ids`).optional(),
  repetition_detection: z
    .object({
      max_pattern_size: z.int().min(0).max(1024).nullish(),
      min_pattern_size: z.int().min(0).nullish(),
      min_count: z.int().min(0).nullish(),
    })
    .optional(),
  stream_interval: z.int().meta({ minimum: 1, maximum: 1024 }).optional(),
  include_stop_str_in_output: flag,
  ignore_eos: flag,
  skip_special_tokens: flag,
  spaces_between_special_tokens: flag,
  n: z.int().min(1).optional(),
  best_of: z.int().min(1).optional(),
  prompt_logprobs: z.int().meta({ minimum: -1 }).optional(),
  logprob_token_ids: z
    .array(tokenId)
    .meta({ maxItems: 128, description: "Show the logprobs of these tokens in place of the most likely ones." })
    .optional(),
  truncate_prompt_tokens: z.int().meta({ minimum: -1 }).optional(),
  truncation_side: z.enum(["left", "right"]).optional(),
  vllm_xargs: z
    .record(z.string(), z.unknown())
    .meta({ description: "For the server's --logits-processors." })
    .optional(),
  cache_salt: z.string().meta({ minLength: 1 }).optional(),
};

export type SamplingBody = z.output<z.ZodObject<typeof samplingFields>>;

/** Fields that go to the engine as they are. */
const NAMES = {
  min_tokens: "minTokens",
  temperature: "temperature",
  top_p: "topP",
  top_k: "topK",
  min_p: "minP",
  repetition_penalty: "repetitionPenalty",
  presence_penalty: "presencePenalty",
  frequency_penalty: "frequencyPenalty",
  logit_bias: "logitBias",
  allowed_token_ids: "allowedTokenIds",
  bad_words: "badWords",
  seed: "seed",
  stop: "stop",
  stop_token_ids: "stopTokenIds",
  stream_interval: "streamInterval",
  include_stop_str_in_output: "includeStopStrInOutput",
  ignore_eos: "ignoreEos",
  skip_special_tokens: "skipSpecialTokens",
  spaces_between_special_tokens: "spacesBetweenSpecialTokens",
  prompt_logprobs: "promptLogprobs",
  vllm_xargs: "extraArgs",
  cache_salt: "cacheSalt",
} as const satisfies Partial<Record<keyof SamplingBody, keyof SamplingParams>>;

/**
 * Engine parameters from a request's fields. What the request leaves out stays undefined, so that the engine takes the
 * model's generation_config.json.
 * @param maxTokens null: up to the context's end
 * @param logprobs alternatives to show with each output token; undefined: no logprobs
 */
export function toSamplingParams(body: SamplingBody, maxTokens: number | null, logprobs?: number): SamplingParams {
  const params: Record<string, unknown> = { maxTokens };
  if (logprobs !== undefined) params.logprobs = logprobs;
  if (body.logprob_token_ids?.length) {
    params.logprobTokenIds = body.logprob_token_ids;
    delete params.logprobs; // how many most likely tokens would be shown instead
  }
  if (body.repetition_detection) params.repetitionDetection = toRepetitionDetection(body.repetition_detection);
  for (const [field, name] of Object.entries(NAMES)) {
    const value = body[field as keyof typeof NAMES];
    if (value !== undefined) params[name] = value;
  }
  return params;
}

function toRepetitionDetection({
  max_pattern_size: max,
  min_pattern_size: min,
  min_count: count,
}: NonNullable<SamplingBody["repetition_detection"]>): SamplingParams["repetitionDetection"] {
  return { maxPatternSize: max ?? 0, minPatternSize: min ?? 0, minCount: count ?? 0 };
}

export type Choices = ReturnType<typeof resolveChoices>;

/**
 * How many outputs each prompt gets, and how many of them are returned.
 * @param logprobs as for {@link toSamplingParams}
 * @throws ApiError 400 for a `best_of` below `n`, or for one above `n` in a stream
 */
export function toChoices({ n = 1, best_of: bestOf = n }: SamplingBody, stream: boolean, logprobs?: number): Choices {
  const choices = resolveChoices({ n, bestOf, ...(logprobs !== undefined && { logprobs }) });
  if (!stream || !choices.ranks) return choices;
  throw badRequest(
    "`best_of` above `n` is not available with `stream: true`: outputs are ranked at the end.",
    "best_of",
  );
}

/**
 * How many tokens are shown with each output token; undefined: no logprobs.
 * @param logprobs as for {@link toSamplingParams}
 * @param needed what else must be sent to see any
 * @throws ApiError 400 for `logprob_token_ids` without it
 */
export function shownLogprobs(
  { logprob_token_ids: ids }: SamplingBody,
  logprobs: number | undefined,
  needed: string,
): number | undefined {
  if (!ids?.length) return logprobs;
  if (logprobs === undefined) throw badRequest(`\`logprob_token_ids\` needs ${needed}.`, "logprob_token_ids");
  return ids.length;
}

/** @throws ApiError 400 for prompt_logprobs in a stream, where no field could carry them */
export function checkPromptLogprobs(body: SamplingBody, stream: boolean): void {
  if (!stream || body.prompt_logprobs === undefined) return;
  throw badRequest("`prompt_logprobs` are not available with `stream: true`.", "prompt_logprobs");
}
