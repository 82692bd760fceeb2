// Writes what a client sent to the log, where the operator asked for that (--enable-log-requests); never otherwise.
import type { Context } from "hono";
import type { JsonObject } from "../body/parse-json.js";
import type { Env, ServerContext } from "../context.js";

/** Characters of a body in the log. */
const MAX_LENGTH = 10_000;

/** To be called when the request's id is chosen and its body is known to be good. */
export function logRequest({ logger, logRequests }: ServerContext, c: Context<Env>, body: JsonObject): void {
  if (!logRequests) return;
  const text = JSON.stringify(body, (_, value) => (typeof value === "bigint" ? String(value) : value));
  const shown = text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}... (${text.length} characters)` : text;
  logger.info({ requestId: c.get("requestId"), path: c.req.path, body: shown }, "received");
}
