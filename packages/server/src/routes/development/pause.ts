// POST /pause, POST /resume and GET /is_paused.
import { readOptionalObject } from "../../body/read-optional-object.js";
import { validate } from "../../body/validate.js";
import type { RouteHandler, ServerContext } from "../../context.js";
import { isTrue, pauseQuery } from "./schema.js";

/** Answers when the engine has come to rest. A JSON body may have the query's parameters as well. */
export function pause({ engine }: ServerContext): RouteHandler {
  return async (c) => {
    const query = validate(pauseQuery, { ...(await readOptionalObject(c.req.raw)), ...c.req.query() });
    const waits = query.wait_for_inflight_requests !== undefined && isTrue(query.wait_for_inflight_requests);
    const mode = query.mode ?? (waits ? "wait" : "abort");
    await engine.pause({ mode, clearCache: query.clear_cache === undefined || isTrue(query.clear_cache) });
    return c.json({ status: "paused" });
  };
}

export function resume({ engine }: ServerContext): RouteHandler {
  return async (c) => {
    await engine.resume();
    return c.json({ status: "resumed" });
  };
}

export function isPaused({ engine }: ServerContext): RouteHandler {
  return (c) => c.json({ is_paused: engine.isPaused });
}
