// A conversation as plain data, and the edits that make one from another. Nothing here knows of the browser or the server.
import type { TokenProbability } from "../api/token-probabilities.js";
import type { Sampling } from "./sampling.js";
import type { Speed } from "./speed.js";

/** Why an answer ended. `running`: it has not; `stopped`: by the reader; `cut`: the connection or the page was lost. */
export type AnswerEnd = "running" | "stop" | "length" | "stopped" | "cut";

export interface Question {
  readonly role: "user";
  readonly id: string;
  readonly text: string;
}

export interface Answer {
  readonly role: "assistant";
  readonly id: string;
  readonly text: string;
  readonly end: AnswerEnd;
  readonly speed?: Speed;
  /** Only when they were asked for. */
  readonly tokens?: readonly TokenProbability[];
}

export type Message = Question | Answer;

export interface Conversation {
  readonly id: string;
  /** Empty: named after its first question. */
  readonly name: string;
  /** Milliseconds since 1970 of the last message. */
  readonly updated: number;
  readonly systemPrompt: string;
  readonly sampling: Sampling;
  readonly messages: readonly Message[];
}

/** What a new conversation takes over from the one before it. */
export type Setup = Pick<Conversation, "systemPrompt" | "sampling">;

const TITLE_LENGTH = 60;

export function newConversation(id: string, now: number, setup?: Setup): Conversation {
  const { systemPrompt = "", sampling = {} } = setup ?? {};
  return { id, name: "", updated: now, systemPrompt, sampling, messages: [] };
}

/** The name it was given, or the start of its first question. */
export function titleOf({ name, messages }: Conversation): string {
  if (name) return name;
  const text = (messages[0]?.text ?? "").replace(/\s+/g, " ").trim();
  if (!text) return "New conversation";
  if (text.length <= TITLE_LENGTH) return text;
  const cut = text.slice(0, TITLE_LENGTH);
  const word = cut.lastIndexOf(" ");
  return `${word > TITLE_LENGTH / 2 ? cut.slice(0, word) : cut}…`;
}

/** The conversation up to the message `id`, without it; all of it where there is no such message. */
export function before(conversation: Conversation, id: string): Conversation {
  const index = conversation.messages.findIndex((message) => message.id === id);
  return index < 0 ? conversation : { ...conversation, messages: conversation.messages.slice(0, index) };
}

export function append(conversation: Conversation, message: Message, now: number): Conversation {
  return { ...conversation, updated: now, messages: [...conversation.messages, message] };
}

export function replaceAnswer(conversation: Conversation, answer: Answer): Conversation {
  const messages = conversation.messages.map((message) => (message.id === answer.id ? answer : message));
  return { ...conversation, messages };
}

export function lastAnswer({ messages }: Conversation): Answer | null {
  const last = messages.at(-1);
  return last?.role === "assistant" ? last : null;
}

export function lastQuestion({ messages }: Conversation): Question | null {
  return messages.findLast((message): message is Question => message.role === "user") ?? null;
}

/** A conversation read back from storage: what was running then was cut off by leaving the page. */
export function settle(conversation: Conversation): Conversation {
  const answer = lastAnswer(conversation);
  if (answer?.end !== "running") return conversation;
  if (!answer.text) return before(conversation, answer.id);
  return replaceAnswer(conversation, { ...answer, end: "cut" });
}
