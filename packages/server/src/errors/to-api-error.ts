// Maps whatever was thrown to what the client is told. The rest belongs in the log.
import { type ErrorCode, OctavoError } from "@octavo/core";
import { ApiError } from "./api-error.js";

const STATUS: Partial<Record<ErrorCode, number>> = {
  INVALID_ARGUMENT: 400,
  UNSUPPORTED: 400,
  TIMEOUT: 504,
  QUEUE_FULL: 503,
  DISPOSED: 503,
  ENGINE_DEAD: 500,
  INTERNAL: 500,
};

/** An engine is only disposed of when its server ends. */
const SHUTTING_DOWN = "The server is shutting down and did not finish this request; send it again soon.";

/** Seconds after which a refused client may try again. */
const RETRY_AFTER = "1";

/** The reply for a thrown value. Unexpected errors, also wrapped ones, lose their text: it may hold what a client must not read. */
export function toApiError(error: unknown, requestId: string): ApiError {
  if (error instanceof ApiError) return error;
  if (OctavoError.isInstance(error)) {
    const status = STATUS[error.code];
    const unexpected = error.code === "INTERNAL" && error.cause !== undefined;
    if (status !== undefined && !unexpected) {
      const message = error.code === "DISPOSED" ? SHUTTING_DOWN : error.message;
      const headers: Record<string, string> = status === 503 ? { "retry-after": RETRY_AFTER } : {};
      return new ApiError({ status, message, param: error.param, headers });
    }
  }
  return new ApiError({
    status: 500,
    message: `Internal error while handling request ${requestId}; the server's log says more.`,
  });
}
