// Routes of the KV cache. They serve the operator, not clients, so that both are off unless the operator asks for them.
import type { AppOptions } from "../../app.js";
import type { ApiRoute } from "../../openapi/api-route.js";
import { resetReply } from "../../openapi/replies.js";
import { kvEvents } from "./events.js";
import { resetPrefixCache } from "./reset.js";

/** Those that `options` ask for. */
export function kvCacheRoutes({ devMode = false, kvEvents: events = false, closing }: AppOptions): ApiRoute[] {
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
