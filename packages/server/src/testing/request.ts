// Shortcuts for tests that talk to an app without a socket.
import type { Hono } from "hono";
import { type AppOptions, createApp } from "../app.js";
import type { Env } from "../context.js";
import { FakeEngine, type FakeEngineOptions } from "./fake-engine.js";

export interface TestApp {
  readonly app: Hono<Env>;
  readonly engine: FakeEngine;
  /** POSTs a value as JSON, or a string or bytes as they are. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
}

export function createTestApp(engineOptions: FakeEngineOptions = {}, options: Partial<AppOptions> = {}): TestApp {
  const engine = new FakeEngine(engineOptions);
  const app = createApp(engine, { servedModelNames: ["fake", "org/alias"], ...options });
  return {
    app,
    engine,
    post: async (path, body, headers = {}) =>
      app.request(path, {
        method: "POST",
        body:
          typeof body === "string" || body instanceof Uint8Array ? (body as RequestInit["body"]) : JSON.stringify(body),
        headers: { "content-type": "application/json", ...headers },
      }),
  };
}

export interface Problem {
  status: number;
  message: string;
  type: string;
  param: string | null;
  code: number;
}

interface Completion {
  id: string;
  created: number;
  choices: { index: number }[];
  usage: { completion_tokens: number };
}

/** A completion of either kind, as far as tests look inside. */
export async function completion(response: Response): Promise<Completion> {
  return (await response.json()) as Completion;
}

/** The parts of an error reply. */
export async function problem(response: Response): Promise<Problem> {
  const { error } = (await response.json()) as { error: Omit<Problem, "status"> };
  return { status: response.status, ...error };
}

/** The data of each event of a stream. */
export async function eventData(response: Response): Promise<string[]> {
  const text = await response.text();
  return text.split("\n\n").flatMap((event) => (event === "" ? [] : [event.replace(/^data: /, "")]));
}

export const CHAT = "/v1/chat/completions";
export const messages = [{ role: "user", content: "Hi" }];
