// Asks an OpenAI-compatible server for a streamed answer; the one client of chat, complete and bench.
import { OctavoError } from "@octavo/core";
import { eventData } from "./event-data.js";
import { notJson, refusal } from "./refusal.js";

/** As global `fetch`, with a path in place of the address. */
export type FetchPath = (path: string, init: RequestInit) => Promise<Response> | Response;

export interface Piece {
  readonly text: string;
  readonly finishReason: string | null;
  /** Present on the last piece, where the server sends it. */
  readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number };
}

interface Chunk {
  readonly error?: { readonly message: string };
  readonly choices?: readonly {
    readonly text?: string;
    readonly delta?: { readonly content?: string | null };
    readonly finish_reason?: string | null;
  }[];
  readonly usage?: Piece["usage"] | null;
}

/**
 * Posts `body` with `stream: true` and yields what comes.
 * @throws INVALID_ARGUMENT with the server's own message for a 4xx; INTERNAL for what else goes wrong, an answer that breaks off
 *   included; AbortError by the signal
 */
export async function* streamCompletion(
  fetchPath: FetchPath,
  path: string,
  body: object,
  signal?: AbortSignal,
): AsyncGenerator<Piece> {
  const full = { ...body, stream: true, stream_options: { include_usage: true } };
  const response = await fetchPath(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(full),
    signal: signal ?? null,
  });
  if (!response.ok) throw await refusal(response);
  const { body: stream, url } = response;
  if (!stream) throw new OctavoError({ code: "INTERNAL", message: `${url || path} answers without a body` });
  let hasEnded = false;
  for await (const data of unbroken(eventData(stream, signal), response, signal)) {
    if (data === "[DONE]") return;
    const chunk = parse(data, response);
    if (chunk.error) throw new OctavoError({ code: "INTERNAL", message: chunk.error.message });
    const choice = chunk.choices?.[0];
    const text = choice?.text ?? choice?.delta?.content ?? "";
    hasEnded ||= Boolean(choice?.finish_reason);
    yield { text, finishReason: choice?.finish_reason ?? null, ...(chunk.usage && { usage: chunk.usage }) };
  }
  signal?.throwIfAborted();
  if (!hasEnded) throw brokeOff(response, "without saying that it is the end");
}

/** What comes; a connection that breaks is an error that says so. */
async function* unbroken(
  events: AsyncIterable<string>,
  response: Response,
  signal: AbortSignal | undefined,
): AsyncGenerator<string> {
  try {
    yield* events;
  } catch (error) {
    if (signal?.aborted) throw error;
    const { message, cause } = error as Error & { cause?: { code?: string } };
    throw brokeOff(response, `(${cause?.code ?? message})`, error);
  }
}

function brokeOff({ url }: Response, how: string, cause?: unknown): OctavoError {
  const message = `${url || "the model"} ended in the middle of its answer ${how}. Does it still run? Its log may say why`;
  return new OctavoError({ code: "INTERNAL", message, cause });
}

function parse(data: string, response: Response): Chunk {
  try {
    return JSON.parse(data) as Chunk;
  } catch (cause) {
    throw new OctavoError({ code: "INTERNAL", message: notJson(response, data), cause });
  }
}
