// POST /reset_prefix_cache: forget what was computed, for example after a change of the weights.
import { validate } from "../../body/validate.js";
import type { RouteHandler, ServerContext } from "../../context.js";
import { isTrue, resetQuery } from "./schema.js";

/** `reset_external` changes nothing: the other tiers hold the same content, and are always reset. */
export function resetPrefixCache({ engine }: ServerContext): RouteHandler {
  return async (c) => {
    const { reset_running_requests: running } = validate(resetQuery, c.req.query());
    await engine.resetPrefixCache({ resetRunningRequests: running !== undefined && isTrue(running) });
    return c.json({ success: true });
  };
}
