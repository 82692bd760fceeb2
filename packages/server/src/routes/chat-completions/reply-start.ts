// What a chat's reply begins with: whose message it is and, with `echo`, what that message has already.
import type { ChatBody } from "./schema.js";

export interface ReplyStart {
  readonly role: string;
  readonly content: string;
}

/** As vLLM: where the prompt does not open a message, the reply belongs to the last one. */
export function replyStart({
  messages,
  echo,
  add_generation_prompt: opens,
  continue_final_message: continues,
}: ChatBody): ReplyStart {
  const last = messages.at(-1)!;
  const role = (opens ?? !continues) ? "assistant" : last.role;
  return { role, content: echo && last.role === role ? textOf(last.content) : "" };
}

function textOf(content: ChatBody["messages"][number]["content"]): string {
  return typeof content === "string" ? content : (content ?? []).map(({ text }) => text).join("\n");
}
