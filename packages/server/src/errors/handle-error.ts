// The one place where a thrown value becomes a reply, and where unexpected ones are logged with their stack.
import type { ErrorHandler } from "hono";
import type { Env, ServerContext } from "../context.js";
import type { ApiError } from "./api-error.js";
import { toApiError } from "./to-api-error.js";

export function handleError({ logger }: Pick<ServerContext, "logger">): ErrorHandler<Env> {
  return (error, c) => reportError(logger, error, c.get("requestId")).toResponse();
}

/** The client's view of `error`; what is our fault goes to the log in full. */
export function reportError(logger: ServerContext["logger"], error: unknown, requestId: string): ApiError {
  const shown = toApiError(error, requestId);
  if (shown.status === 500) logger.error({ requestId, err: error }, "request failed");
  return shown;
}
