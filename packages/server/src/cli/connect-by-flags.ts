// From a command's flags to a connection.
import type { EngineOptions } from "@octavo/engine";
import { type Connection, connectToModel, connectToServer } from "../client/connect.js";
import type { ClientFlags } from "./client-flags.js";

export async function connectByFlags(folder: string | undefined, flags: ClientFlags): Promise<Connection> {
  const { url, modelName, apiKey } = flags;
  if (url !== undefined) return connectToServer({ url, modelName, apiKey });
  const interactive = process.stderr.isTTY;
  if (interactive) process.stderr.write("loading the model...");
  const connection = await connectToModel(folder, engineOptions(flags));
  if (interactive) process.stderr.write("\r\x1b[K");
  return connection;
}

const NOT_THE_ENGINES = ["url", "modelName", "apiKey", "maxTokens", "temperature", "topP", "topK", "seed", "config"];

/** What of the flags {@link EngineOptions} has. */
export function engineOptions(flags: ClientFlags, others: readonly string[] = []): EngineOptions {
  const skip = new Set([...NOT_THE_ENGINES, ...others]);
  return Object.fromEntries(Object.entries(flags).filter(([name]) => !skip.has(name)));
}
