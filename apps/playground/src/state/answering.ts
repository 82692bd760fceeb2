// Asking the server and letting its answer grow, in one conversation or several at once.
import { signal } from "@preact/signals";
import { chatRequest } from "../api/chat-request.js";
import { streamChat } from "../api/client.js";
import { Problem } from "../api/problem.js";
import type { TokenProbability } from "../api/token-probabilities.js";
import { type Answer, type AnswerEnd, append, before, lastAnswer, replaceAnswer } from "../chat/conversation.js";
import { SpeedMeter } from "../chat/speed.js";
import { randomId } from "../keep/random-id.js";
import { change, find } from "./conversations.js";
import { apiKey, givesLogprobs, keyWanted, model, refusesLogprobs, wantsTokens } from "./server.js";

/** Milliseconds between two renderings of a growing answer. */
const SHOW_EVERY = 40;

/** Conversations that an answer grows in. */
export const running = signal<ReadonlyMap<string, AbortController>>(new Map());
/** The last failure of each conversation. */
export const problems = signal<ReadonlyMap<string, Problem>>(new Map());

export function send(id: string, text: string): Promise<void> {
  change(id, (conversation) => append(conversation, { role: "user", id: randomId(), text }, Date.now()));
  return answer(id);
}

/** Says the message differently; what came after it goes. */
export async function resend(id: string, messageId: string, text: string): Promise<void> {
  await stopped(id);
  change(id, (conversation) => before(conversation, messageId));
  return send(id, text);
}

/** Answers the last message once more. */
export async function regenerate(id: string): Promise<void> {
  await stopped(id);
  change(id, (conversation) => {
    const last = lastAnswer(conversation);
    return last ? before(conversation, last.id) : conversation;
  });
  if (find(id)?.messages.length) return answer(id);
}

export function stop(id: string): void {
  running.value.get(id)?.abort();
}

export function dismissProblem(id: string): void {
  setProblem(id, null);
}

const ends = new Map<string, Promise<void>>();

function stopped(id: string): Promise<void> {
  stop(id);
  return ends.get(id) ?? Promise.resolve();
}

function answer(id: string): Promise<void> {
  if (running.value.has(id)) return Promise.resolve();
  const controller = new AbortController();
  running.value = new Map(running.value).set(id, controller);
  setProblem(id, null);
  const end = grow(id, controller.signal).finally(() => {
    const others = new Map(running.value);
    others.delete(id);
    running.value = others;
    ends.delete(id);
  });
  ends.set(id, end);
  return end;
}

/** Never rejects. */
async function grow(id: string, signal: AbortSignal): Promise<void> {
  const growing = new GrowingAnswer(id);
  try {
    await stream(id, growing, signal, wantsTokens.value && givesLogprobs.value !== false);
  } catch (error) {
    if (signal.aborted) return growing.end("stopped");
    const problem = error instanceof Problem ? error : new Problem("server", String(error));
    growing.end("cut");
    setProblem(id, problem);
    keyWanted.value ||= problem.kind === "key";
  }
}

async function stream(id: string, growing: GrowingAnswer, signal: AbortSignal, logprobs: boolean): Promise<void> {
  const conversation = growing.asked;
  if (!conversation) return;
  const body = chatRequest(conversation, { model: model.value?.id ?? "", logprobs });
  let end: AnswerEnd = "stop";
  try {
    for await (const piece of streamChat(body, { key: apiKey.value, signal })) {
      growing.add(piece.text, piece.tokens, piece.completionTokens);
      if (piece.finishReason === "length") end = "length";
    }
  } catch (error) {
    if (!logprobs || !refusesLogprobs(error)) throw error;
    givesLogprobs.value = false;
    return stream(id, growing, signal, false);
  }
  if (logprobs) givesLogprobs.value = true;
  growing.end(end);
}

/** Collects pieces and shows them at a pace that the eye can follow and the page can render. */
class GrowingAnswer {
  /** The conversation without the answer: what is sent. */
  readonly asked;
  readonly #conversation: string;
  readonly #id = randomId();
  readonly #meter = new SpeedMeter(performance.now());
  readonly #tokens: TokenProbability[] = [];
  #text = "";
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(conversation: string) {
    this.#conversation = conversation;
    this.asked = find(conversation);
    change(conversation, (found) => append(found, this.#answer("running"), Date.now()));
  }

  add(text: string, tokens: readonly TokenProbability[], completionTokens: number | null): void {
    if (!text && tokens.length === 0) return;
    this.#meter.piece(performance.now(), completionTokens);
    this.#text += text;
    this.#tokens.push(...tokens);
    this.#timer ??= setTimeout(() => this.#show("running"), SHOW_EVERY);
  }

  /** An answer that was broken off before it began leaves no trace. */
  end(end: AnswerEnd): void {
    if (this.#text || end === "stop" || end === "length") this.#show(end);
    else change(this.#conversation, (conversation) => before(conversation, this.#id));
  }

  #show(end: AnswerEnd): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    change(this.#conversation, (conversation) => replaceAnswer(conversation, this.#answer(end)));
  }

  #answer(end: AnswerEnd): Answer {
    const speed = this.#meter.result();
    return {
      role: "assistant",
      id: this.#id,
      text: this.#text,
      end,
      ...(speed && { speed }),
      ...(this.#tokens.length > 0 && { tokens: this.#tokens.slice() }),
    };
  }
}

function setProblem(id: string, problem: Problem | null): void {
  const others = new Map(problems.value);
  if (problem) others.set(id, problem);
  else others.delete(id);
  problems.value = others;
}
