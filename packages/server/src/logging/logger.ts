// The server's log: lines on stderr, JSON for programs or short readable ones for people.
import { type Logger, pino } from "pino";
import { formatLine } from "./format-line.js";

export const LOG_LEVELS = ["silent", "fatal", "error", "warn", "info", "debug", "trace"] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

export const LOG_FORMATS = ["json", "text"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** @param format default: text on a terminal, else json */
export function createLogger(level: LogLevel, format: LogFormat = process.stderr.isTTY ? "text" : "json"): Logger {
  const options = { level, base: null };
  if (format === "json") return pino(options, pino.destination({ dest: 2, sync: true }));
  return pino(options, { write: (line) => void process.stderr.write(formatLine(line)) });
}
