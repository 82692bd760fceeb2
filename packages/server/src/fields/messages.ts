// Chat messages as OpenAI clients send them, checked for what a text model can take.
import type { ChatMessage } from "@octavo/tokenizer";
import { z } from "zod";
import { badRequest } from "../errors/api-error.js";

const ROLES = ["developer", "system", "user", "assistant"] as const;

/** Told to /openapi.json only: what is wrong inside of a message is found, and told with its path, by the checks below. */
const TEXT_PART = {
  properties: { type: { const: "text" }, text: { type: "string" } },
  required: ["type", "text"],
};

const messageSchema = z.object({
  role: z.string().meta({ enum: [...ROLES] }),
  name: z.string().nullish(),
  content: z
    .union([z.string(), z.array(z.looseObject({ type: z.string() }).meta(TEXT_PART))], {
      error: "expected a string, a list of parts (each an object with a `type`) or null",
    })
    .nullish(),
  tool_calls: z
    .unknown()
    .meta({ type: ["array", "null"], maxItems: 0 })
    .optional(),
  function_call: z.unknown().meta({ type: "null" }).optional(),
});

export const messagesSchema = z.array(messageSchema).min(1, "expected at least one message");

type Message = z.output<typeof messageSchema>;
type Part = Exclude<NonNullable<Message["content"]>, string>[number];

/** Messages for the tokenizer. @throws ApiError 400 with the path of what a text model cannot take */
export function toChatMessages(messages: readonly Message[]): ChatMessage[] {
  return messages.map(({ role, name, content, ...calls }, index) => {
    const path = `messages[${index}]`;
    checkRole(role, `${path}.role`);
    refuseCalls(calls, path);
    if (content == null && role !== "assistant") {
      const param = `${path}.content`;
      throw badRequest(`\`${param}\` of a ${role} message must be a string or a list of text parts.`, param);
    }
    if (Array.isArray(content)) checkParts(content, `${path}.content`);
    const message = { role, content: (content ?? "") as NonNullable<ChatMessage["content"]> };
    return name ? { ...message, name } : message;
  });
}

/** Characters of all texts. */
export function textLength(messages: readonly ChatMessage[]): number {
  let length = 0;
  for (const { content } of messages) {
    if (typeof content === "string") length += content.length;
    else for (const part of content ?? []) length += part.text?.length ?? 0;
  }
  return length;
}

function checkRole(role: string, path: string): void {
  if ((ROLES as readonly string[]).includes(role)) return;
  const known = role === "tool" || role === "function";
  const name = JSON.stringify(role.slice(0, 40));
  const problem = known ? `messages of role ${name} are not implemented yet` : `there is no role ${name}`;
  throw badRequest(`\`${path}\`: ${problem}; use one of ${ROLES.join(", ")}.`, path);
}

function refuseCalls({ tool_calls: calls, function_call: call }: Partial<Message>, path: string): void {
  if (call != null) throw badRequest(`\`${path}.function_call\` is not implemented yet.`, `${path}.function_call`);
  if (calls == null || (Array.isArray(calls) && calls.length === 0)) return;
  throw badRequest(`\`${path}.tool_calls\` is not implemented yet.`, `${path}.tool_calls`);
}

function checkParts(parts: readonly Part[], path: string): void {
  for (let i = 0; i < parts.length; i++) checkPart(parts[i]!, `${path}[${i}]`);
}

function checkPart(part: Part, path: string): void {
  if (part.type !== "text") {
    const type = JSON.stringify(part.type.slice(0, 40));
    throw badRequest(`\`${path}.type\`: parts of type ${type} are not implemented yet, only "text".`, `${path}.type`);
  }
  if (typeof part.text !== "string") throw badRequest(`\`${path}.text\` must be a string.`, `${path}.text`);
}
