// Token counts of a reply.
import type { Generation } from "./generation.js";

export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly prompt_tokens_details: { readonly cached_tokens: number };
}

/** The sum over `generations`, as of now. */
export function usageOf(generations: readonly Generation[]): Usage {
  let prompt = 0;
  let completion = 0;
  let cached = 0;
  for (const generation of generations) {
    prompt += generation.promptTokens;
    completion += generation.completionTokens;
    cached += generation.cachedTokens;
  }
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: cached },
  };
}
