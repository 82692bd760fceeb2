// Routes of the KV cache. They serve the operator, not clients, so that both are off unless the operator asks for them.
import type { ApiRoute } from "../../openapi/api-route.js";
import { resetReply } from "../../openapi/replies.js";
import { kvEvents } from "./events.js";
import { resetPrefixCache } from "./reset.js";

export interface KvCacheRouteOptions {
  /** Routes that change the engine's state, as vLLM's development mode has them: `/reset_prefix_cache`. Default false. */
  readonly devMode?: boolean;
  /** Tell routers what the prefix cache holds, prompts of all clients included, on `/kv_events`. Default false. */
  readonly kvEvents?: boolean;
  /** Aborted when the server shuts down: ends streams that would not end by themselves. */
  readonly closing?: AbortSignal;
}

/** Those that `options` ask for. */
export function kvCacheRoutes({ devMode = false, kvEvents: events = false, closing }: KvCacheRouteOptions): ApiRoute[] {
  const routes: ApiRoute[] = [];
  if (devMode) {
    routes.push({
      methods: ["POST"],
      path: "/reset_prefix_cache",
      handler: resetPrefixCache,
      summary: "Forget all cached prefixes",
      tag: "KV cache",
      reply: { type: "json", name: "Reset", schema: resetReply },
      failures: [400],
    });
  }
  if (events) {
    routes.push({
      methods: ["GET"],
      path: "/kv_events",
      handler: (context) => kvEvents(context, closing),
      summary: "What the prefix cache holds, and every change, as server-sent events",
      tag: "KV cache",
      reply: { type: "text", mediaType: "text/event-stream" },
    });
  }
  return routes;
}
