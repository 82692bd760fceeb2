// The sampling fields that chat and text completions share, and their way to the engine. Ranges are the engine's business.
import type { SamplingParams } from "@octavo/engine";
import { z } from "zod";
import { badRequest } from "../errors/api-error.js";

/** The engine looks through them at every token. */
const MAX_STOP_TOKEN_IDS = 1024;

const stopString = z.string().meta({ minLength: 1, maxLength: 1024 });

const flag = z.boolean().optional();

/** Schema entries; put them into a route's `z.object`. `meta` tells /openapi.json of the ranges, which the engine checks. */
export const samplingFields = {
  max_tokens: z.int().min(1).optional(),
  temperature: z.number().meta({ minimum: 0 }).optional(),
  top_p: z.number().meta({ exclusiveMinimum: 0, maximum: 1 }).optional(),
  top_k: z.int().meta({ minimum: -1 }).optional(),
  min_p: z.number().meta({ minimum: 0, maximum: 1 }).optional(),
  seed: z.int().optional(),
  stop: z
    .union([stopString, z.array(stopString).meta({ maxItems: 16 })], {
      error: "expected a string or a list of strings",
    })
    .optional(),
  stop_token_ids: z
    .array(z.int().meta({ minimum: 0 }))
    .max(MAX_STOP_TOKEN_IDS, `expected at most ${MAX_STOP_TOKEN_IDS} ids`)
    .optional(),
  include_stop_str_in_output: flag,
  ignore_eos: flag,
  skip_special_tokens: flag,
  n: z.int().min(1).optional(),
  best_of: z.int().min(1).optional(),
  prompt_logprobs: z.int().optional(),
  cache_salt: z.string().meta({ minLength: 1 }).optional(),
};

type SamplingBody = z.output<z.ZodObject<typeof samplingFields>>;

/**
 * Engine parameters from a request's fields. What the request leaves out stays undefined, so that the engine takes the
 * model's generation_config.json.
 * @param maxTokens null: up to the context's end
 * @param logprobs alternatives to show with each output token; undefined: no logprobs
 */
export function toSamplingParams(body: SamplingBody, maxTokens: number | null, logprobs?: number): SamplingParams {
  const params: { -readonly [Key in keyof SamplingParams]: SamplingParams[Key] } = { maxTokens };
  if (logprobs !== undefined) params.logprobs = logprobs;
  if (body.temperature !== undefined) params.temperature = body.temperature;
  if (body.top_p !== undefined) params.topP = body.top_p;
  if (body.top_k !== undefined) params.topK = body.top_k;
  if (body.min_p !== undefined) params.minP = body.min_p;
  if (body.seed !== undefined) params.seed = body.seed;
  if (body.stop !== undefined) params.stop = body.stop;
  if (body.stop_token_ids !== undefined) params.stopTokenIds = body.stop_token_ids;
  if (body.include_stop_str_in_output !== undefined) params.includeStopStrInOutput = body.include_stop_str_in_output;
  if (body.ignore_eos !== undefined) params.ignoreEos = body.ignore_eos;
  if (body.prompt_logprobs !== undefined) params.promptLogprobs = body.prompt_logprobs;
  if (body.cache_salt !== undefined) params.cacheSalt = body.cache_salt;
  if (body.skip_special_tokens !== undefined) params.skipSpecialTokens = body.skip_special_tokens;
  return params;
}

/** How many outputs each prompt gets. @throws ApiError 400 for a larger `best_of` */
export function toChoices({ n = 1, best_of: bestOf = n }: SamplingBody): number {
  if (bestOf > n) {
    const message = `\`best_of\` is not implemented (vLLM dropped it, too); leave it out, or send at most \`n\`, which is ${n}.`;
    throw badRequest(message, "best_of");
  }
  return n;
}

/** @throws ApiError 400 for prompt_logprobs in a stream, where no field could carry them */
export function checkPromptLogprobs(body: SamplingBody, stream: boolean): void {
  if (!stream || body.prompt_logprobs === undefined) return;
  throw badRequest("`prompt_logprobs` are not available with `stream: true`.", "prompt_logprobs");
}
