// Lines of a file, and JSON objects of a file with one a line. Files may be large: they are read piece by piece.
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { OctavoError } from "@octavo/core";

export interface Line {
  readonly text: string;
  /** File and line number, for messages. */
  readonly where: string;
}

export interface JsonLine {
  readonly value: Readonly<Record<string, unknown>>;
  readonly where: string;
}

/** Lines that are not blank. @throws INVALID_ARGUMENT when the file cannot be read */
export async function* readLines(file: string): AsyncGenerator<Line> {
  const stream = createReadStream(file, "utf8");
  let number = 0;
  try {
    for await (const text of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
      number++;
      if (text.trim() !== "") yield { text, where: `${file}, line ${number}` };
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    const message = `${file} cannot be read: ${(error as Error).message}`;
    throw new OctavoError({ code: "INVALID_ARGUMENT", message, param: "file", cause: error });
  } finally {
    stream.destroy();
  }
}

/** @throws INVALID_ARGUMENT for a line that is no JSON object */
export async function* readJsonLines(file: string): AsyncGenerator<JsonLine> {
  for await (const line of readLines(file)) yield parseJsonLine(line);
}

/** @throws INVALID_ARGUMENT when it is no JSON object */
export function parseJsonLine({ text, where }: Line): JsonLine {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return { value: value as Record<string, unknown>, where };
  }
  throw new OctavoError({
    code: "INVALID_ARGUMENT",
    message: `${where} is no JSON object: ${text.slice(0, 80)}`,
    param: "file",
  });
}
