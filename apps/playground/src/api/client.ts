// Calls to the server that the page came from.
import { Problem, problemOf } from "./problem.js";
import { eventData } from "./server-sent-events.js";
import { type TokenProbability, toTokenProbabilities } from "./token-probabilities.js";

export interface Model {
  readonly id: string;
  /** Tokens of prompt and answer together; null where the server does not say. */
  readonly maxModelLen: number | null;
}

export interface Piece {
  readonly text: string;
  readonly tokens: readonly TokenProbability[];
  /** Tokens of the answer so far; null where the server does not say. */
  readonly completionTokens: number | null;
  readonly finishReason: string | null;
}

interface WireChunk {
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string | null };
    readonly logprobs?: unknown;
    readonly finish_reason?: string | null;
  }[];
  readonly usage?: { readonly completion_tokens?: number } | null;
  readonly error?: { readonly message?: string };
}

export interface CallOptions {
  readonly key: string;
  readonly signal?: AbortSignal;
}

/** @throws Problem unless the server answers 2xx; the signal's reason when it was aborted */
async function call(path: string, { key, signal }: CallOptions, body?: object): Promise<Response> {
  const headers = {
    ...(body && { "content-type": "application/json" }),
    ...(key && { authorization: `Bearer ${key}` }),
  };
  const init: RequestInit = { headers, ...(signal && { signal }) };
  if (body) Object.assign(init, { method: "POST", body: JSON.stringify(body) });
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch {
    signal?.throwIfAborted();
    throw new Problem("offline", "The server does not answer.");
  }
  if (response.ok) return response;
  throw problemOf(response.status, response.headers.get("retry-after"), await response.json().catch(() => null));
}

export async function listModels(options: CallOptions): Promise<Model[]> {
  const { data } = (await (await call("/v1/models", options)).json()) as {
    data: readonly { id: string; max_model_len?: number | null }[];
  };
  return data.map(({ id, max_model_len: length }) => ({ id, maxModelLen: length ?? null }));
}

/** Sends a request and forgets its answer. @throws Problem */
export async function attempt(body: object, options: CallOptions): Promise<void> {
  await (await call("/v1/chat/completions", options, body)).arrayBuffer();
}

/** The pieces of a streamed answer. @throws Problem, also when the stream ends without saying so */
export async function* streamChat(body: object, options: CallOptions): AsyncGenerator<Piece> {
  const response = await call("/v1/chat/completions", options, body);
  let complete = false;
  try {
    for await (const data of eventData(response.body!)) {
      if (data === "[DONE]") complete = true;
      else yield toPiece(JSON.parse(data) as WireChunk);
    }
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof Problem) throw error;
  }
  if (!complete) throw new Problem("cut", "The connection was lost before the answer ended.");
}

function toPiece({ choices, usage, error }: WireChunk): Piece {
  if (error) throw new Problem("server", error.message ?? "The server could not go on.");
  const choice = choices?.[0];
  return {
    text: choice?.delta?.content ?? "",
    tokens: toTokenProbabilities(choice?.logprobs),
    completionTokens: usage?.completion_tokens ?? null,
    finishReason: choice?.finish_reason ?? null,
  };
}
