// Chat messages as OpenAI clients send them, down to what a chat template takes: a role and a text.
import { z } from "zod";
import { badRequest } from "../errors/api-error.js";

const ROLES = ["developer", "system", "user", "assistant"] as const;

const messageSchema = z.object({
  role: z.string(),
  name: z.string().nullish(),
  content: z
    .union([z.string(), z.array(z.looseObject({ type: z.string() }))], {
      error: "expected a string, a list of parts (each an object with a `type`) or null",
    })
    .nullish(),
  tool_calls: z.unknown(),
  function_call: z.unknown(),
});

export const messagesSchema = z.array(messageSchema).min(1, "expected at least one message");

type Message = z.output<typeof messageSchema>;
type Part = Exclude<NonNullable<Message["content"]>, string>[number];

/** A message for the chat template. */
export interface TemplateMessage {
  role: string;
  content: string;
  name?: string;
}

/** Template messages. @throws ApiError 400 with the path of what a text model cannot take */
export function toTemplateMessages(messages: readonly Message[]): TemplateMessage[] {
  return messages.map((message, index) => {
    const path = `messages[${index}]`;
    checkRole(message.role, `${path}.role`);
    refuseCalls(message, path);
    const content = contentText(message, `${path}.content`);
    return message.name ? { role: message.role, content, name: message.name } : { role: message.role, content };
  });
}

function checkRole(role: string, path: string): void {
  if ((ROLES as readonly string[]).includes(role)) return;
  const known = role === "tool" || role === "function";
  const problem = known ? `messages of role "${role}" are not implemented yet` : `unknown role ${JSON.stringify(role.slice(0, 40))}`;
  throw badRequest(`\`${path}\`: ${problem}; use one of ${ROLES.join(", ")}.`, path);
}

function refuseCalls(message: Message, path: string): void {
  const { tool_calls: calls, function_call: call } = message;
  if (call != null) throw badRequest(`\`${path}.function_call\` is not implemented yet.`, `${path}.function_call`);
  if (calls == null || (Array.isArray(calls) && calls.length === 0)) return;
  throw badRequest(`\`${path}.tool_calls\` is not implemented yet.`, `${path}.tool_calls`);
}

function contentText({ role, content }: Message, path: string): string {
  if (typeof content === "string") return content;
  if (content == null) {
    if (role === "assistant") return "";
    throw badRequest(`\`${path}\` of a ${role} message must be a string or a list of text parts.`, path);
  }
  // One line a part, as vLLM joins them for templates that take a string.
  return content.map((part, index) => partText(part, `${path}[${index}]`)).join("\n");
}

function partText(part: Part, path: string): string {
  if (part.type !== "text") {
    const type = JSON.stringify(part.type.slice(0, 40));
    throw badRequest(`\`${path}.type\`: parts of type ${type} are not implemented yet, only "text".`, `${path}.type`);
  }
  if (typeof part.text !== "string") throw badRequest(`\`${path}.text\` must be a string.`, `${path}.text`);
  return part.text;
}
