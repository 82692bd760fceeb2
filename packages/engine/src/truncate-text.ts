// Cuts prompts that are embedded: a text keeps the special tokens that its tokenizer puts around it.
import { checkArgument } from "@octavo/core";
import type { Tokenizer } from "@octavo/tokenizer";
import type { EmbedOptions } from "./engine.js";
import type { Prompt } from "./prompt.js";

/**
 * The prompt where nothing is to be cut, else the tokens that stay.
 * @throws INVALID_ARGUMENT for a number that is no length, or more than the context has
 */
export function truncateTokens(
  prompt: Prompt,
  { truncatePromptTokens: asked, truncationSide: side = "right" }: EmbedOptions,
  maxModelLen: number,
  tokenizer: () => Tokenizer,
): Prompt {
  checkArgument(
    side === "left" || side === "right",
    () => `truncation_side must be left or right, got ${side}`,
    "truncation_side",
  );
  if (asked === undefined) return prompt;
  checkArgument(
    Number.isSafeInteger(asked) && asked >= -1 && asked !== 0 && asked <= maxModelLen,
    `truncate_prompt_tokens must be -1 (max_model_len) or from 1 to ${maxModelLen} (max_model_len), got ${asked}`,
    "truncate_prompt_tokens",
  );
  const count = asked === -1 ? maxModelLen : asked;
  if (typeof prompt !== "string") return prompt.length <= count ? prompt : cut(Int32Array.from(prompt), count, side);
  const whole = tokenizer().encode(prompt);
  if (whole.length <= count) return whole;
  const bare = tokenizer().encode(prompt, { addSpecialTokens: false });
  const before = positionOf(bare, whole);
  const room = count - (whole.length - bare.length);
  if (before < 0 || room < 0) return cut(whole, count, side);
  const kept = cut(bare, room, side);
  return Int32Array.from([...whole.subarray(0, before), ...kept, ...whole.subarray(before + bare.length)]);
}

function cut(tokens: Int32Array, count: number, side: "left" | "right"): Int32Array {
  return side === "right" ? tokens.slice(0, count) : tokens.slice(tokens.length - count);
}

/** Where `part` begins in `whole`; -1 when it is not there. */
function positionOf(part: Int32Array, whole: Int32Array): number {
  for (let from = 0; from + part.length <= whole.length; from++) {
    if (part.every((token, i) => token === whole[from + i])) return from;
  }
  return -1;
}
