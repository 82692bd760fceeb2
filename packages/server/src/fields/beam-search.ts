// `use_beam_search`: the fields that have a meaning then, and those that would have none.
import type { BeamSearchParams } from "@octavo/engine";
import { z } from "zod";
import { badRequest } from "../errors/api-error.js";
import type { SamplingBody } from "./sampling.js";

export const beamSearchFields = {
  use_beam_search: z.boolean().meta({ description: "A beam search of width `n`." }).optional(),
  length_penalty: z.number().optional(),
};

type BeamBody = SamplingBody & z.output<z.ZodObject<typeof beamSearchFields>> & { readonly echo?: boolean | undefined };

/** Fields that a beam search cannot follow, with the value that asks for nothing. Temperature and filters are ignored, as in vLLM. */
const WITHOUT_MEANING = {
  min_tokens: 0,
  repetition_penalty: 1,
  presence_penalty: 0,
  frequency_penalty: 0,
  logit_bias: undefined,
  allowed_token_ids: undefined,
  bad_words: undefined,
  stop: undefined,
  repetition_detection: undefined,
  stop_token_ids: undefined,
  prompt_logprobs: undefined,
  logprob_token_ids: undefined,
  vllm_xargs: undefined,
  echo: false,
} as const satisfies Partial<Record<keyof BeamBody, unknown>>;

/**
 * What to search for, or null where the request samples.
 * @param maxTokens null: up to the context's end
 * @throws ApiError 400 for a stream, and for fields that a beam search cannot follow
 */
export function toBeamSearch(body: BeamBody, maxTokens: number | null, stream: boolean): BeamSearchParams | null {
  const { n = 1, best_of: bestOf = n, length_penalty: lengthPenalty } = body;
  if (!body.use_beam_search) {
    if (lengthPenalty === undefined || lengthPenalty === 1) return null;
    throw badRequest("`length_penalty` needs `use_beam_search: true`.", "length_penalty");
  }
  if (stream) throw badRequest("`use_beam_search` is not available with `stream: true`.", "stream");
  if (bestOf !== n) throw badRequest("`best_of` has no meaning with `use_beam_search`; `n` is the width.", "best_of");
  for (const [field, neutral] of Object.entries(WITHOUT_MEANING)) {
    const value = body[field as keyof typeof WITHOUT_MEANING];
    if (value === undefined || value === neutral || isEmpty(value)) continue;
    throw badRequest(`\`${field}\` has no meaning with \`use_beam_search\`; leave it out.`, field);
  }
  return {
    beamWidth: n,
    maxTokens,
    ...(lengthPenalty !== undefined && { lengthPenalty }),
    ...(body.ignore_eos !== undefined && { ignoreEos: body.ignore_eos }),
    ...(body.include_stop_str_in_output !== undefined && { includeStopStrInOutput: body.include_stop_str_in_output }),
    ...(body.cache_salt != null && { cacheSalt: body.cache_salt }),
    ...(body.skip_special_tokens !== undefined && { skipSpecialTokens: body.skip_special_tokens }),
  };
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
