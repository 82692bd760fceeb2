// The server's log: JSON lines on stderr, or short readable ones when a person looks at a terminal.
import { type Logger, pino } from "pino";
import { formatLine } from "./format-line.js";

export const LOG_LEVELS = ["silent", "fatal", "error", "warn", "info", "debug", "trace"] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

export function createLogger(level: LogLevel): Logger {
  const options = { level, base: null };
  if (!process.stderr.isTTY) return pino(options, pino.destination({ dest: 2, sync: true }));
  return pino(options, { write: (line) => void process.stderr.write(formatLine(line)) });
}
