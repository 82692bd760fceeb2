// Token counts of a reply.
import type { Generation, PromptJob } from "./generation.js";

/** What of a generation is counted. */
export type Counted = Pick<Generation, "job" | "promptTokens" | "completionTokens" | "cachedTokens">;

export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly prompt_tokens_details: { readonly cached_tokens: number };
}

/** The sum over `generations`, as of now. The choices of a prompt stand side by side, and count it once. */
export function usageOf(generations: readonly Counted[]): Usage {
  let prompt = 0;
  let completion = 0;
  let cached = 0;
  let previous: PromptJob | undefined;
  for (const generation of generations) {
    completion += generation.completionTokens;
    if (generation.job === previous) continue;
    previous = generation.job;
    prompt += generation.promptTokens;
    cached += generation.cachedTokens;
  }
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: cached },
  };
}
