// POST /reset_prefix_cache: forget what was computed, for example after a change of the weights.
import type { RouteHandler, ServerContext } from "../../context.js";
import { badRequest } from "../../errors/api-error.js";

/** `reset_external` changes nothing: the other tiers hold the same content, and are always reset. */
export function resetPrefixCache({ engine }: ServerContext): RouteHandler {
  return async (c) => {
    const resetRunningRequests = flag(c.req.query("reset_running_requests"), "reset_running_requests");
    flag(c.req.query("reset_external"), "reset_external");
    await engine.resetPrefixCache({ resetRunningRequests });
    return c.json({ success: true });
  };
}

/** As FastAPI reads a boolean. */
function flag(text: string | undefined, name: string): boolean {
  if (text === undefined || /^(0|false|off|f|n|no)$/i.test(text)) return false;
  if (/^(1|true|on|t|y|yes)$/i.test(text)) return true;
  throw badRequest(`\`${name}\` must be true or false, got ${JSON.stringify(text.slice(0, 40))}.`, name);
}
