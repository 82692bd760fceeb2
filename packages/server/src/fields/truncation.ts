// `truncate_prompt_tokens`: prompts that are too long lose tokens instead of being refused.
import { truncatePrompt } from "@octavo/engine";
import type { SamplingBody } from "./sampling.js";

/**
 * Cuts prompts as a request asks; null where it does not.
 * @param maxTokens what the request may generate, as far as it says so
 */
export function toTruncation(
  { truncate_prompt_tokens: count, truncation_side: side }: SamplingBody,
  maxTokens: number | undefined,
  maxModelLen: number,
): ((ids: Int32Array) => Int32Array) | null {
  if (count === undefined) return null;
  const params = { truncatePromptTokens: count, truncationSide: side ?? "left", maxTokens: maxTokens ?? null };
  return (ids) => truncatePrompt(ids, params, maxModelLen);
}
