// Between OpenAI's chat shapes and the engine's.
import { OctavoError } from "@octavo/core";
import type { ChatMessage, ChatOptions, Tokenizer } from "@octavo/tokenizer";
import type { ServerContext } from "../../context.js";
import { badRequest } from "../../errors/api-error.js";
import { textLength, toChatMessages } from "../../fields/messages.js";
import type { Generation } from "../../generation/generation.js";
import type { ChunkFormat } from "../../generation/stream-reply.js";
import { usageOf } from "../../generation/usage.js";
import { systemFingerprint } from "../../version.js";
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
export function toChatCompletion(id: string, created: number, model: string, generation: Generation, text: string) {
  return {
    id,
    object: "chat.completion",
    created,
    model,
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: text, refusal: null },
        logprobs: null,
        finish_reason: generation.finishReason,
        stop_reason: generation.stopReason,
      },
    ],
    system_fingerprint: systemFingerprint,
    usage: usageOf([generation]),
  };
}

export const chatChunks: ChunkFormat = {
  object: "chat.completion.chunk",
  opening: (index) =>
    `{"index":${index},"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}`,
  delta: (index, text) =>
    `{"index":${index},"delta":{"content":${JSON.stringify(text)}},"logprobs":null,"finish_reason":null}`,
  last: (index, text, finishReason, stopReason) =>
    `{"index":${index},"delta":{"content":${JSON.stringify(text)}},"logprobs":null,"finish_reason":"${finishReason}","stop_reason":${JSON.stringify(stopReason)}}`,
};
