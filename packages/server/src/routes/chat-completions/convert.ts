// Between OpenAI's chat shapes and the engine's.
import { OctavoError } from "@octavo/core";
import type { ChatMessage, ChatOptions, Tokenizer } from "@octavo/tokenizer";
import type { ServerContext } from "../../context.js";
import { badRequest } from "../../errors/api-error.js";
import { textLength, toChatMessages } from "../../fields/messages.js";
import type { Output } from "../../generation/collect.js";
import type { Generation } from "../../generation/generation.js";
import { toPromptLogprobs } from "../../generation/scored-token.js";
import type { ChunkFormat } from "../../generation/stream-reply.js";
import { usageOf } from "../../generation/usage.js";
import { systemFingerprint } from "../../version.js";
import { chatLogprobs } from "./logprobs.js";
import type { ChatBody } from "./schema.js";

type PromptFields = Pick<
  ChatBody,
  "messages" | "add_generation_prompt" | "continue_final_message" | "documents" | "chat_template_kwargs"
>;

/** The conversation as token ids, by the model's chat template. @throws ApiError 400 that names the message */
export async function encodeMessages({ engine, limits }: ServerContext, body: PromptFields): Promise<Int32Array> {
  const messages = toChatMessages(body.messages);
  limits.checkLength(textLength(messages), "messages");
  const continueFinalMessage = body.continue_final_message ?? false;
  if (continueFinalMessage && body.add_generation_prompt === true) {
    const message = "`continue_final_message` and `add_generation_prompt` cannot both be true.";
    throw badRequest(message, "continue_final_message");
  }
  const text = render(engine.tokenizer, messages, {
    addGenerationPrompt: body.add_generation_prompt ?? !continueFinalMessage,
    continueFinalMessage,
    ...(body.documents && { documents: body.documents }),
    ...(body.chat_template_kwargs && { kwargs: body.chat_template_kwargs }),
  });
  return limits.encode(text, { addSpecialTokens: false }, "messages");
}

/** The tokenizer advises to give another template, which no request can. */
function render(tokenizer: Tokenizer, messages: readonly ChatMessage[], options: ChatOptions): string {
  try {
    return tokenizer.renderChat(messages, options);
  } catch (error) {
    if (!OctavoError.isInstance(error) || error.param !== "chat_template") throw error;
    const reason = error.cause instanceof Error ? ` (${error.cause.message})` : "";
    const advice = "use /v1/completions with a ready prompt, or serve a model with a chat template";
    throw badRequest(`This model has no usable chat template${reason}; ${advice}.`, "messages");
  }
}

/** The reply in one piece. */
export function toChatCompletion(
  id: string,
  created: number,
  model: string,
  generations: readonly Generation[],
  outputs: readonly Output[],
  { prompt_logprobs: promptLogprobs }: ChatBody,
) {
  return {
    id,
    object: "chat.completion",
    created,
    model,
    choices: generations.map(({ finishReason, stopReason }, index) => {
      const { text, logprobs } = outputs[index]!;
      return {
        index,
        message: { role: "assistant", content: text, refusal: null },
        logprobs: logprobs && chatLogprobs()(logprobs),
        finish_reason: finishReason,
        stop_reason: stopReason,
      };
    }),
    system_fingerprint: systemFingerprint,
    usage: usageOf(generations),
    metadata: { weight_version: generations[0]!.weightVersion },
    ...(promptLogprobs !== undefined && { prompt_logprobs: toPromptLogprobs(generations[0]!.promptLogprobs ?? []) }),
  };
}

export const chatChunks: ChunkFormat = {
  object: "chat.completion.chunk",
  opening: (index) =>
    `{"index":${index},"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}`,
  delta: (index, text, logprobs) =>
    `{"index":${index},"delta":{"content":${JSON.stringify(text)}},"logprobs":${logprobs},"finish_reason":null}`,
  last: (index, text, logprobs, finishReason, stopReason) =>
    `{"index":${index},"delta":{"content":${JSON.stringify(text)}},"logprobs":${logprobs},"finish_reason":"${finishReason}","stop_reason":${JSON.stringify(stopReason)}}`,
  logprobs: chatLogprobs,
};

/**
 * Alternatives to show with each token; undefined: no logprobs.
 * @throws ApiError 400 for what the engine would name otherwise, or `top_logprobs` without `logprobs`
 */
export function toTopLogprobs(
  { logprobs, top_logprobs: top }: Pick<ChatBody, "logprobs" | "top_logprobs">,
  limit: number,
): number | undefined {
  if (top !== undefined && (top < 0 || top > limit)) {
    const advice = top === -1 ? "the whole vocabulary is not implemented" : `got ${top}`;
    throw badRequest(`\`top_logprobs\` must be from 0 to ${limit} (--max-logprobs); ${advice}.`, "top_logprobs");
  }
  if (top && !logprobs) throw badRequest("`top_logprobs` needs `logprobs: true`.", "top_logprobs");
  return logprobs ? (top ?? 0) : undefined;
}
