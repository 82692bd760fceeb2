// `octavo chat`: a conversation in the terminal. Ctrl-C stops an answer, not the program.
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { OctavoError } from "@octavo/core";
import { streamCompletion } from "../client/completion-stream.js";
import type { Connection } from "../client/connect.js";

export interface ChatOptions {
  readonly systemPrompt?: string;
  /** A request's sampling fields, as HTTP spells them. */
  readonly sampling: Readonly<Record<string, number>>;
}

interface Message {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

const HELP = `/system TEXT  sets the system prompt and begins anew; without TEXT: none
/reset        forgets the conversation
/retry        answers the last message again
/quit         leaves, as does Ctrl-D
Ctrl-C        stops the answer
`;

/** One conversation: what was said, and the answer that is being given. */
export class ChatSession {
  readonly #connection: Connection;
  readonly #options: ChatOptions;
  readonly #out: Writable;
  #system: string | undefined;
  #messages: Message[] = [];
  #answering: AbortController | undefined;

  constructor(connection: Connection, out: Writable, options: ChatOptions) {
    this.#connection = connection;
    this.#out = out;
    this.#options = options;
    this.#system = options.systemPrompt;
  }

  /** Stops the answer. @returns false when there is none */
  stop(): boolean {
    this.#answering?.abort();
    return this.#answering !== undefined;
  }

  /** Takes one line. @returns false when the user wants to leave */
  async take(line: string): Promise<boolean> {
    const text = line.trim();
    if (text === "") return true;
    if (!text.startsWith("/")) {
      await this.#answer(text);
      return true;
    }
    const [command, ...rest] = text.split(" ");
    switch (command) {
      case "/quit":
      case "/exit":
        return false;
      case "/reset":
        this.#messages = [];
        this.#out.write("(a new conversation)\n");
        return true;
      case "/system":
        this.#system = rest.join(" ").trim() || undefined;
        this.#messages = [];
        this.#out.write(this.#system ? "(a new conversation, with this system prompt)\n" : "(no system prompt)\n");
        return true;
      case "/retry": {
        const last = this.#messages.findLast(({ role }) => role === "user");
        if (!last) this.#out.write("(nothing was asked yet)\n");
        else {
          this.#messages.splice(this.#messages.lastIndexOf(last));
          await this.#answer(last.content);
        }
        return true;
      }
      default:
        this.#out.write(HELP);
        return true;
    }
  }

  /** An error is told, and the conversation stays as it was before the question. */
  async #answer(content: string): Promise<void> {
    try {
      await this.ask(content);
    } catch (error) {
      const { message } = OctavoError.from(error);
      const advice = /context|max_model_len/.test(message) ? "\n(/reset begins a new conversation)" : "";
      this.#out.write(`${message}${advice}\n`);
    }
  }

  /** Asks, and writes the answer as it comes. @throws what the server refuses with */
  async ask(content: string): Promise<void> {
    const question: Message = { role: "user", content };
    const system: Message[] = this.#system ? [{ role: "system", content: this.#system }] : [];
    const messages = [...system, ...this.#messages, question];
    const body = { model: this.#connection.model, messages, ...this.#options.sampling };
    const controller = new AbortController();
    this.#answering = controller;
    let answer = "";
    try {
      const pieces = streamCompletion(this.#connection.fetchPath, "/v1/chat/completions", body, controller.signal);
      for await (const { text } of pieces) {
        if (controller.signal.aborted) break;
        answer += text;
        this.#out.write(text);
      }
      this.#out.write(controller.signal.aborted ? " (stopped)\n" : "\n");
    } catch (error) {
      if (!controller.signal.aborted) {
        if (answer !== "") this.#out.write("\n");
        throw error;
      }
      this.#out.write(" (stopped)\n");
    } finally {
      this.#answering = undefined;
    }
    this.#messages.push(question, { role: "assistant", content: answer });
  }
}

/** Reads lines until the end of input, or until /quit. */
export async function runChat(
  connection: Connection,
  options: ChatOptions,
  input: Readable & { isTTY?: boolean } = process.stdin,
  out: Writable = process.stdout,
): Promise<void> {
  const session = new ChatSession(connection, out, options);
  const lines = createInterface({ input, output: input.isTTY ? out : undefined, prompt: input.isTTY ? "> " : "" });
  const interrupt = () => {
    if (session.stop()) return;
    out.write("\n(/quit or Ctrl-D leaves)\n");
    lines.prompt();
  };
  lines.on("SIGINT", interrupt);
  process.on("SIGINT", interrupt);
  if (input.isTTY) out.write(`${connection.model}. /help lists commands, Ctrl-C stops an answer.\n`);
  try {
    lines.prompt();
    for await (const line of lines) {
      if (!(await session.take(line))) break;
      lines.prompt();
    }
  } finally {
    process.off("SIGINT", interrupt);
    lines.close();
  }
}
