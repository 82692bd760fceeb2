// A model to talk to: over HTTP, or loaded here and reached through the same routes without a socket.
import { OctavoError } from "@octavo/core";
import { type EngineOptions, LLM } from "@octavo/engine";
import { createApp } from "../app.js";
import { DownloadBar } from "../cli/download-bar.js";
import { DEFAULT_MODEL_NAME, defaultModelFolder } from "../default-model.js";
import type { FetchPath } from "./completion-stream.js";
import { readJson, refusal } from "./refusal.js";

export interface Connection extends AsyncDisposable {
  readonly fetchPath: FetchPath;
  /** The model's name in requests. */
  readonly model: string;
}

export interface ServerAddress {
  /** Without /v1. */
  readonly url: string;
  readonly modelName?: string;
  readonly apiKey?: string;
}

/** A running server. @throws INVALID_ARGUMENT when it does not answer, or has no model */
export async function connectToServer({ url, modelName, apiKey }: ServerAddress): Promise<Connection> {
  const key = apiKey ?? process.env.OCTAVO_API_KEY;
  const fetchPath: FetchPath = (path, init) => {
    const headers = { ...(init.headers as Record<string, string>), ...(key && { authorization: `Bearer ${key}` }) };
    return fetch(url + path, { ...init, headers }).catch((error) => explain(error, url));
  };
  const model = modelName ?? (await firstModel(fetchPath, url));
  return { fetchPath, model, async [Symbol.asyncDispose]() {} };
}

/** A model of this process. @throws what {@link LLM.load} throws */
export async function connectToModel(folder: string | undefined, options: EngineOptions): Promise<Connection> {
  const { update: onDownloadProgress } = new DownloadBar();
  const engine = await LLM.load(folder ?? (await defaultModelFolder()), { onDownloadProgress, ...options });
  const model = folder ?? DEFAULT_MODEL_NAME;
  const app = createApp(engine, { servedModelNames: [model], disableDocs: true });
  return {
    fetchPath: (path, init) => app.request(path, init),
    model,
    [Symbol.asyncDispose]: () => engine.dispose(),
  };
}

async function firstModel(fetchPath: FetchPath, url: string): Promise<string> {
  const response = await fetchPath("/v1/models", {});
  if (!response.ok) throw await refusal(response);
  const { data } = (await readJson(response)) as { data?: { id: string }[] };
  if (data?.[0]) return data[0].id;
  throw new OctavoError({ code: "INVALID_ARGUMENT", message: `${url} lists no model; name one with --model-name` });
}

function explain(error: unknown, url: string): never {
  if ((error as Error).name === "AbortError") throw error;
  const { cause, message } = error as Error & { cause?: { code?: string; message?: string } };
  const reason = cause?.code ?? cause?.message ?? message;
  const advice = "is a server running there? octavo serve starts one";
  throw new OctavoError({
    code: "INVALID_ARGUMENT",
    message: `${url} does not answer (${reason}): ${advice}`,
    cause: error,
  });
}
