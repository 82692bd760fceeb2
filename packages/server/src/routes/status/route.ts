// Routes for probes and scrapers.
import type { RouteHandler, ServerContext } from "../../context.js";
import { ApiError } from "../../errors/api-error.js";
import { version } from "../../version.js";

/** 200 without a body; 503 with the reason when the engine is dead. */
export function health({ engine }: ServerContext): RouteHandler {
  return (c) => {
    if (!engine.failure) return c.body(null, 200);
    throw new ApiError({ status: 503, message: `The engine is dead: ${engine.failure.message}` });
  };
}

/** vLLM's `server_load`: requests for generation that are being answered, those that wait included. */
export function load({ metrics }: ServerContext): RouteHandler {
  return (c) => c.json({ server_load: metrics.serverLoad });
}

export const versionInfo: RouteHandler = (c) => c.json({ version });

export function metricsPage({ metrics }: ServerContext): RouteHandler {
  return async (c) => c.body(await metrics.text(), 200, { "content-type": metrics.contentType });
}
