// `truncatePromptTokens`: a prompt that is too long loses tokens at one end instead of being refused.
import { checkArgument } from "@octavo/core";
import type { SamplingParams } from "./sampling-params.js";

/**
 * The prompt's tokens that stay. As in vLLM: the last ones, or with `truncationSide` "right" the first ones.
 * @throws INVALID_ARGUMENT for a number that is no length, or more than the context has
 */
export function truncatePrompt(tokens: Int32Array, params: SamplingParams, maxModelLen: number): Int32Array {
  const { truncatePromptTokens: asked, truncationSide = "left", maxTokens } = params;
  checkArgument(
    truncationSide === "left" || truncationSide === "right",
    `truncation_side must be left or right, got ${truncationSide}`,
    "truncation_side",
  );
  if (asked === undefined || asked === null) return tokens;
  checkArgument(
    Number.isSafeInteger(asked) && asked >= -1 && asked !== 0 && asked <= maxModelLen,
    `truncate_prompt_tokens must be -1 (what leaves room for max_tokens) or from 1 to ${maxModelLen} (max_model_len), got ${asked}`,
    "truncate_prompt_tokens",
  );
  const count = asked === -1 ? Math.max(1, maxModelLen - (maxTokens ?? 1)) : asked;
  if (tokens.length <= count) return tokens;
  return truncationSide === "left" ? tokens.slice(-count) : tokens.slice(0, count);
}
