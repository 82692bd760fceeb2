// From a command's flags to a connection.
import { checkArgument } from "@octavo/core";
import type { EngineOptions } from "@octavo/engine";
import { type Connection, connectToModel, connectToServer } from "../client/connect.js";
import type { ClientFlags } from "./client-flags.js";

export async function connectByFlags(folder: string | undefined, flags: ClientFlags): Promise<Connection> {
  const { url, modelName, apiKey } = flags;
  if (url !== undefined) {
    checkArgument(
      folder === undefined,
      `${folder} would be loaded here, but --url asks the server at ${url}: leave one out, or name a model of the server with --model-name`,
      "url",
    );
    return connectToServer({ url, modelName, apiKey });
  }
  const [flag, value] = modelName === undefined ? ["--api-key", apiKey] : ["--model-name", modelName];
  checkArgument(
    value === undefined,
    `${flag} is for a running server, and --url, which says where it is, is missing: add --url, or leave ${flag} out to load a model here`,
    "url",
  );
  const interactive = process.stderr.isTTY;
  if (interactive) process.stderr.write("loading the model...");
  return await connectToModel(folder, engineOptions(flags)).finally(() => {
    if (interactive) process.stderr.write("\r\x1b[K");
  });
}

const NOT_THE_ENGINES = ["url", "modelName", "apiKey", "maxTokens", "temperature", "topP", "topK", "seed", "config"];

/** What of the flags {@link EngineOptions} has. */
export function engineOptions(flags: ClientFlags, others: readonly string[] = []): EngineOptions {
  const skip = new Set([...NOT_THE_ENGINES, ...others]);
  return Object.fromEntries(Object.entries(flags).filter(([name]) => !skip.has(name)));
}
