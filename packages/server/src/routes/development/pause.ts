// POST /pause, POST /resume and GET /is_paused.
import { type JsonObject, parseJson } from "../../body/parse-json.js";
import { readBody } from "../../body/read-body.js";
import { validate } from "../../body/validate.js";
import type { RouteHandler, ServerContext } from "../../context.js";
import { isTrue, pauseQuery } from "./schema.js";

const MOST_BODY_BYTES = 2 ** 16;

/** The parameters of the query, which a JSON body may have as well. */
async function readOptionalObject(request: Request): Promise<JsonObject> {
  const bytes = await readBody(request, MOST_BODY_BYTES);
  return bytes.length === 0 ? {} : parseJson(bytes);
}

/** Answers when the engine has come to rest. */
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
