// A prompt as users give it, checked and as token ids.
import { checkArgument } from "@octavo/core";
import type { Tokenizer } from "@octavo/tokenizer";
import type { SamplingParams } from "./sampling-params.js";
import { truncatePrompt } from "./truncate-prompt.js";

/** Text, or token ids as they are. */
export type Prompt = string | ArrayLike<number>;

/** UTF-16 units that are encoded in a few milliseconds. */
const LONG_TEXT = 2 ** 14;

/** What the model takes. */
export interface PromptLimits {
  readonly maxModelLen: number;
  readonly vocabSize: number;
  /** Given where nothing is generated, so that prompts need no room for more. */
  readonly pooling?: object | undefined;
}

/**
 * @param tokenizer called for text only; it may throw
 * @param params of which those that truncate count
 * @throws INVALID_ARGUMENT (`prompt`) when it is empty, too long, no prompt at all or holds ids that the model lacks
 */
export function encodePrompt(
  prompt: Prompt,
  tokenizer: () => Tokenizer,
  limits: PromptLimits,
  params?: SamplingParams,
): Int32Array {
  const whole = typeof prompt === "string" ? tokenizer().encode(prompt) : idsOf(prompt);
  return checkTokens(prompt, whole, limits, params);
}

/** {@link encodePrompt}, but a promise of a text that is long: it is encoded between other events of this thread. */
export function encodeAnyPrompt(
  prompt: Prompt,
  tokenizer: () => Tokenizer,
  limits: PromptLimits,
  params?: SamplingParams,
): Int32Array | Promise<Int32Array> {
  const isLong = typeof prompt === "string" && prompt.length > LONG_TEXT;
  if (!isLong) return encodePrompt(prompt, tokenizer, limits, params);
  return tokenizer()
    .encodeAsync(prompt)
    .then((tokens) => checkTokens(prompt, tokens, limits, params));
}

function idsOf(prompt: ArrayLike<number>): Int32Array {
  const isIds = Array.isArray(prompt) || ArrayBuffer.isView(prompt);
  checkArgument(isIds, () => `the prompt must be text or a list of token ids, got ${describe(prompt)}`, "prompt");
  return Int32Array.from(prompt);
}

function checkTokens(
  prompt: Prompt,
  whole: Int32Array,
  { maxModelLen, vocabSize, pooling }: PromptLimits,
  params: SamplingParams = {},
): Int32Array {
  const isText = typeof prompt === "string";
  const tokens = truncatePrompt(whole, params, maxModelLen);
  checkArgument(tokens.length > 0, "the prompt is empty; give at least one token", "prompt");
  checkArgument(
    tokens.length < maxModelLen || (tokens.length === maxModelLen && pooling !== undefined),
    () =>
      `the prompt has ${tokens.length} tokens, the model's context is ${maxModelLen}${pooling ? "" : " and needs room for at least one more"}; shorten the prompt, or let truncate_prompt_tokens do so`,
    "prompt",
  );
  for (let i = 0; i < whole.length; i++) {
    const token = whole[i]!;
    checkArgument(
      token >= 0 && token < vocabSize && (isText || token === prompt[i]),
      () =>
        isText
          ? `the tokenizer gives token id ${token}, the model has ${vocabSize}: tokenizer.json and config.json (vocab_size) do not belong together`
          : `prompt token ids must be whole numbers below ${vocabSize}, got ${prompt[i]} at index ${i}`,
      "prompt",
    );
  }
  return tokens;
}

function describe(value: unknown): string {
  return value === null ? "null" : typeof value;
}
