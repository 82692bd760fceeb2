// A pino line for people: time, level, message, fields.
import { pino } from "pino";

/** `12:00:01 info request method=POST status=200`, from one of pino's JSON lines. An error's stack follows on its own lines. */
export function formatLine(line: string): string {
  const { time, level, msg, err, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const clock = new Date(time as number).toTimeString().slice(0, 8);
  let text = `${clock} ${pino.levels.labels[level as number] ?? level} ${msg ?? ""}`;
  for (const [key, value] of Object.entries(fields)) {
    text += ` ${key}=${typeof value === "string" ? value : JSON.stringify(value)}`;
  }
  const stack = (err as { stack?: string } | undefined)?.stack;
  return stack ? `${text}\n${stack}\n` : `${text}\n`;
}
