// Hands a stream of generations to Hono, and its end to the access log.
import type { Context } from "hono";
import type { Env, ServerContext } from "../context.js";
import { reportError } from "../errors/handle-error.js";
import type { Generation } from "./generation.js";
import { type StreamReply, streamReply } from "./stream-reply.js";
import { type Counted, usageOf } from "./usage.js";

const HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache",
  // nginx would otherwise collect the events.
  "x-accel-buffering": "no",
};

export function replyWithStream(
  c: Context<Env>,
  { logger }: Pick<ServerContext, "logger">,
  generations: readonly Generation[],
  reply: Omit<StreamReply, "describeError">,
): Response {
  const requestId = c.get("requestId");
  const describeError = (error: unknown) => JSON.stringify(reportError(logger, error, requestId).body);
  const { body, finished } = streamReply(generations, { ...reply, describeError });
  c.set("finished", finished);
  logTokens(c, generations);
  return c.body(body, 200, HEADERS);
}

/** Lets the access log say how many tokens the request took, and how long. */
export function logTokens(
  c: Context<Env>,
  generations: readonly (Counted & Pick<Generation, "times" | "finishReason">)[],
): void {
  c.set("summary", () => {
    const usage = usageOf(generations);
    const times = generations.map((generation) => generation.times);
    const queue = times.flatMap(({ queue }) => queue ?? []);
    const first = times.flatMap(({ timeToFirstToken }) => timeToFirstToken ?? []);
    return {
      promptTokens: usage.prompt_tokens,
      cachedTokens: usage.prompt_tokens_details.cached_tokens,
      completionTokens: usage.completion_tokens,
      ...(queue.length > 0 && { queueMs: milliseconds(Math.max(...queue)) }),
      ...(first.length > 0 && { ttftMs: milliseconds(Math.min(...first)) }),
      finishReasons: [...new Set(generations.map(({ finishReason }) => finishReason ?? "error"))].join(),
    };
  });
}

function milliseconds(seconds: number): number {
  return Math.round(seconds * 1e4) / 10;
}
