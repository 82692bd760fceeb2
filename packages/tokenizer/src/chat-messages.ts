// Chat messages as the OpenAI API has them, and their conversion to what templates expect. The rules are vLLM's
// (vllm/entrypoints/chat_utils.py), so that a prompt comes out the same, but for texts that stay texts: see content-format.ts.
import { checkArgument, OctavoError } from "@octavo/core";
import type { ContentFormat } from "./content-format.js";

/** One part of a message's content. Only text parts can be rendered. */
export interface ContentPart {
  /** "text", or what the template knows. */
  readonly type: string;
  /** Of a text part. */
  readonly text?: string;
  readonly [key: string]: unknown;
}

/** A message in OpenAI's shape; templates see all its fields. */
export interface ChatMessage {
  /** Such as "system", "user", "assistant". */
  readonly role: string;
  /** A text, or its parts; null is empty. */
  readonly content?: string | readonly ContentPart[] | null;
  /** Who speaks, for templates that tell. */
  readonly name?: string;
  /** What an assistant called. */
  readonly tool_calls?: readonly unknown[];
  /** Which call a tool's message answers. */
  readonly tool_call_id?: string;
  readonly [key: string]: unknown;
}

/** How a conversation becomes a prompt. */
export interface ChatOptions {
  /** End the prompt with the start of an assistant message. Default: true, unless `continueFinalMessage`. */
  readonly addGenerationPrompt?: boolean;
  /** Leave the final message open, so that the model continues it. Default: false. */
  readonly continueFinalMessage?: boolean;
  /** Tool definitions (JSON schema), for templates that know tools. */
  readonly tools?: readonly unknown[];
  /** Documents (`title`, `text`), for templates that know retrieval. */
  readonly documents?: readonly unknown[];
  /** A template to use instead of the model's, or the name of one of the model's templates. */
  readonly chatTemplate?: string;
  /** More variables for the template (`chat_template_kwargs`). */
  readonly kwargs?: Readonly<Record<string, unknown>>;
}

/** A message as the template gets it. */
export type TemplateMessage = Record<string, unknown>;

/** @throws INVALID_ARGUMENT that names the field, as in `messages[0].content[1].type` */
export function templateMessages(messages: readonly ChatMessage[], format: ContentFormat): TemplateMessage[] {
  return messages.map((message, index) => {
    const path = `messages[${index}]`;
    checkArgument(typeof message === "object" && message !== null, `${path} is not an object`, path);
    checkArgument(
      typeof message.role === "string",
      `${path}.role is ${typeof message.role}, a string was expected`,
      `${path}.role`,
    );
    const parts = textParts(message.content, `${path}.content`);
    const asParts = format === "openai" || (format === "mixed" && Array.isArray(message.content));
    const content = asParts ? parts : parts.map((part) => part.text).join("\n");
    const plain: TemplateMessage = { ...message, content };
    if (message.role === "assistant" && Array.isArray(message.tool_calls)) {
      plain.tool_calls = message.tool_calls.map((call, i) => parsedToolCall(call, `${path}.tool_calls[${i}]`));
    }
    return plain;
  });
}

function textParts(content: unknown, path: string): { type: "text"; text: string }[] {
  if (content === null || content === undefined) return [];
  if (typeof content === "string") return [{ type: "text", text: content }];
  checkArgument(Array.isArray(content), `${path} is ${typeof content}, a string or a list of parts was expected`, path);
  return content.map((part: ContentPart | string | null, i) => {
    if (typeof part === "string") return { type: "text", text: part };
    checkArgument(
      part?.type === "text",
      `${path}[${i}].type is ${JSON.stringify(part?.type)}: this model takes text only, use parts of type "text"`,
      `${path}[${i}].type`,
    );
    checkArgument(
      typeof part.text === "string",
      `${path}[${i}].text is ${typeof part.text}, a string was expected`,
      `${path}[${i}].text`,
    );
    return { type: "text", text: part.text };
  });
}

/** OpenAI sends a call's arguments as JSON text; templates expect the object. */
function parsedToolCall(call: unknown, path: string): unknown {
  const { function: called } = (call ?? {}) as { function?: { arguments?: unknown } };
  if (typeof called?.arguments !== "string") return call;
  try {
    const parsed: unknown = called.arguments.trim() === "" ? {} : JSON.parse(called.arguments);
    return { ...(call as object), function: { ...called, arguments: parsed } };
  } catch (cause) {
    const param = `${path}.function.arguments`;
    throw new OctavoError({
      code: "INVALID_ARGUMENT",
      param,
      cause,
      message: `${param} is not JSON: ${(cause as Error).message}`,
    });
  }
}
