// Routes of the KV cache. They serve the operator, not clients, so that they are off unless the operator asks for them.
import type { ApiRoute } from "../../openapi/api-route.js";
import { kvEvents } from "./events.js";

export interface KvCacheRouteOptions {
  /** Tell routers what the prefix cache holds, prompts of all clients included, on `/kv_events`. Default false. */
  readonly kvEvents?: boolean;
  /** Aborted when the server shuts down: ends streams that would not end by themselves. */
  readonly closing?: AbortSignal;
}

/** Those that `options` ask for. */
export function kvCacheRoutes({ kvEvents: events = false, closing }: KvCacheRouteOptions): ApiRoute[] {
  if (!events) return [];
  return [
    {
      methods: ["GET"],
      path: "/kv_events",
      handler: (context) => kvEvents(context, closing),
      summary: "What the prefix cache holds, and every change, as server-sent events",
      tag: "KV cache",
      reply: { type: "text", mediaType: "text/event-stream" },
    },
  ];
}
