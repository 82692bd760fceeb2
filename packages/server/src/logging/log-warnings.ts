// Warnings of the engine as lines of the server's log, where Node would print them in its own form.
import type { Logger } from "pino";

/** From now on, for the whole process. */
export function logWarnings(logger: Logger): void {
  process.removeAllListeners("warning");
  process.on("warning", (warning: Error & { code?: string }) => {
    logger.warn({ code: warning.code ?? warning.name }, warning.message);
  });
}
