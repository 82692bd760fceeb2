// Between OpenAI's chat shapes and the engine's.
import { OctavoError } from "@octavo/core";
import type { EngineInfo } from "@octavo/engine";
import type { ChatMessage, ChatOptions, Tokenizer } from "@octavo/tokenizer";
import type { ServerContext } from "../../context.js";
import { badRequest } from "../../errors/api-error.js";
import { textLength, toChatMessages } from "../../fields/messages.js";
import type { TokenView } from "../../fields/token-view.js";
import type { Output } from "../../generation/collect.js";
import { promptLogprobsJson } from "../../generation/scored-token.js";
import type { ChunkFormat } from "../../generation/stream-reply.js";
import type { Usage } from "../../generation/usage.js";
import { RawJson } from "../../json/json-pieces.js";
import { systemFingerprint } from "../../version.js";
import { chatLogprobs } from "./logprobs.js";
import type { ReplyStart } from "./reply-start.js";
import type { ChatBody } from "./schema.js";

type PromptFields = Pick<
  ChatBody,
  "messages" | "add_generation_prompt" | "continue_final_message" | "documents" | "chat_template_kwargs"
> &
  Partial<Pick<ChatBody, "tools" | "tool_choice">>;

/**
 * The conversation as token ids, by the model's chat template.
 * @param cut what shortens the prompt; null: one that is too long is refused
 * @throws ApiError 400 that names the message
 */
export async function encodeMessages(
  { engine, limits, chatTemplate, defaultChatTemplateKwargs }: ServerContext,
  body: PromptFields,
  cut: ((ids: Int32Array) => Int32Array) | null = null,
): Promise<Int32Array> {
  const messages = toChatMessages(body.messages);
  if (!cut) limits.checkLength(textLength(messages), "messages");
  const continueFinalMessage = body.continue_final_message ?? false;
  if (continueFinalMessage && body.add_generation_prompt === true) {
    const message = "`continue_final_message` and `add_generation_prompt` cannot both be true.";
    throw badRequest(message, "continue_final_message");
  }
  const { tools = [] } = body;
  if (tools.length > 0 && body.tool_choice !== "none") {
    const message =
      '`tools` are given to the chat template, but calls are not parsed yet: send `tool_choice`: "none", too.';
    throw badRequest(message, "tools");
  }
  const text = await render(engine.tokenizer, messages, {
    addGenerationPrompt: body.add_generation_prompt ?? !continueFinalMessage,
    continueFinalMessage,
    ...(tools.length > 0 && { tools }),
    ...(body.documents && { documents: body.documents }),
    ...(chatTemplate !== undefined && { chatTemplate }),
    kwargs: { ...defaultChatTemplateKwargs, ...body.chat_template_kwargs },
  });
  const options = { addSpecialTokens: false };
  return cut ? cut(await limits.encodeToCut(text, options, "messages")) : limits.encode(text, options, "messages");
}

/** The tokenizer advises to give another template, which no request can. */
async function render(tokenizer: Tokenizer, messages: readonly ChatMessage[], options: ChatOptions): Promise<string> {
  try {
    return await tokenizer.renderChatAsync(messages, options);
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
  outputs: readonly Output[],
  usage: Usage,
  view: TokenView,
  { role, content }: ReplyStart,
  { prompt_logprobs: promptLogprobs }: ChatBody,
) {
  const first = outputs[0]!.source;
  return {
    id,
    object: "chat.completion",
    created,
    model,
    choices: outputs.map(({ source, text, tokenIds, logprobs }, index) => {
      return {
        index,
        message: { role, content: content + text, refusal: null },
        logprobs: logprobs && new RawJson(chatLogprobs(view)(logprobs)),
        finish_reason: source.finishReason,
        stop_reason: source.stopReason,
        ...(view.returnTokenIds && { token_ids: tokenIds }),
      };
    }),
    system_fingerprint: systemFingerprint,
    usage,
    metadata: { weight_version: first.weightVersion },
    ...(promptLogprobs !== undefined && {
      prompt_logprobs: new RawJson(promptLogprobsJson(first.promptLogprobs ?? [])),
    }),
    ...(view.returnTokenIds && { prompt_token_ids: [...first.job.prompt] }),
  };
}

const CHUNKS: Omit<ChunkFormat, "opening"> = {
  object: "chat.completion.chunk",
  promptTokenIds: "reply",
  delta: (index, text, fields) =>
    `{"index":${index},"delta":{"content":${JSON.stringify(text)}},${fields},"finish_reason":null}`,
  last: (index, text, fields, finishReason, stopReason) =>
    `{"index":${index},"delta":{"content":${JSON.stringify(text)}},${fields},"finish_reason":"${finishReason}","stop_reason":${JSON.stringify(stopReason)}}`,
  logprobs: chatLogprobs,
};

/** Chunks of replies that begin so. */
export function chatChunks(start: ReplyStart): ChunkFormat {
  const delta = JSON.stringify({ role: start.role, content: start.content });
  const opening = (index: number) => `{"index":${index},"delta":${delta},"logprobs":null,"finish_reason":null}`;
  return { ...CHUNKS, opening };
}

/**
 * Alternatives to show with each token; undefined: no logprobs.
 * @throws ApiError 400 for what the engine would name otherwise, or `top_logprobs` without `logprobs`
 */
export function toTopLogprobs(
  { logprobs, top_logprobs: top }: Pick<ChatBody, "logprobs" | "top_logprobs">,
  { maxLogprobs: limit, vocabSize }: Pick<EngineInfo, "maxLogprobs" | "vocabSize">,
): number | undefined {
  if (top !== undefined && (top < -1 || (top === -1 ? vocabSize : top) > limit)) {
    const range = `from 0 to ${limit} (--max-logprobs), or -1 (the whole vocabulary) where that suffices`;
    throw badRequest(`\`top_logprobs\` must be ${range}; got ${top}.`, "top_logprobs");
  }
  if (top && !logprobs) throw badRequest("`top_logprobs` needs `logprobs: true`.", "top_logprobs");
  return logprobs ? (top ?? 0) : undefined;
}
