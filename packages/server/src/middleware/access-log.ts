// One log line and one count a request, written when its last byte is, with the id that stands in the reply.
import type { MiddlewareHandler } from "hono";
import type { Env, ServerContext } from "../context.js";
import { CLIENT_CLOSED_REQUEST } from "../errors/api-error.js";
import { requestId } from "../fields/request-id.js";
import { API_ROUTES } from "../routes/table.js";

const GENERATING = new Set(API_ROUTES.flatMap(({ generates, path }) => (generates ? [path] : [])));

export function accessLog({ logger, metrics }: Pick<ServerContext, "logger" | "metrics">): MiddlewareHandler<Env> {
  return async (c, next) => {
    const started = performance.now();
    c.set("requestId", requestId(c.req.header("x-request-id")));
    const isGeneration = c.req.method === "POST" && GENERATING.has(c.req.path);
    if (isGeneration) metrics.serverLoad++;
    await next();
    c.res.headers.set("x-request-id", c.get("requestId"));
    const write = () => {
      if (isGeneration) metrics.serverLoad--;
      const { method, path } = c.req;
      const status = c.req.raw.signal.aborted ? CLIENT_CLOSED_REQUEST : c.res.status;
      const handler = c.get("handler") ?? "none";
      metrics.httpRequests.inc({ handler, method: knownMethod(method), status: `${Math.floor(status / 100)}xx` });
      metrics.httpDuration.observe({ handler, method: knownMethod(method) }, (performance.now() - started) / 1000);
      metrics.httpRequestSize.observe({ handler }, contentLength(c.req.raw.headers));
      metrics.httpResponseSize.observe({ handler }, contentLength(c.res.headers));
      const ms = Math.round((performance.now() - started) * 10) / 10;
      logger.info({ requestId: c.get("requestId"), method, path, status, ms, ...c.get("summary")?.() }, "request");
    };
    const finished = c.get("finished");
    if (finished) void finished.then(write);
    else write();
  };
}

/** What a chunked body has is not known before its end: 0, as in vLLM's. */
function contentLength(headers: Headers): number {
  const length = Number(headers.get("content-length") ?? 0);
  return length >= 0 && length < Number.MAX_SAFE_INTEGER ? length : 0;
}

/** Keeps a client from making up a time series for each invented method. */
function knownMethod(method: string): string {
  return ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].includes(method) ? method : "other";
}
