// Asks an OpenAI-compatible server for a streamed answer; the one client of chat, complete and bench.
import { OctavoError } from "@octavo/core";
import { eventData } from "./event-data.js";

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
 * @throws INVALID_ARGUMENT with the server's own message for a 4xx, INTERNAL for what else goes wrong; AbortError by the signal
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
  if (!response.body) throw new OctavoError({ code: "INTERNAL", message: `${path} answered without a body` });
  for await (const data of eventData(response.body, signal)) {
    if (data === "[DONE]") return;
    const chunk = JSON.parse(data) as Chunk;
    if (chunk.error) throw new OctavoError({ code: "INTERNAL", message: chunk.error.message });
    const choice = chunk.choices?.[0];
    const text = choice?.text ?? choice?.delta?.content ?? "";
    yield { text, finishReason: choice?.finish_reason ?? null, ...(chunk.usage && { usage: chunk.usage }) };
  }
  signal?.throwIfAborted();
}

/** An error reply as an error. */
export async function refusal(response: Response): Promise<OctavoError> {
  const text = await response.text().catch(() => "");
  let message = text.slice(0, 500);
  try {
    const { error } = JSON.parse(text) as { error?: { message?: string } | string };
    message = (typeof error === "string" ? error : error?.message) ?? message;
  } catch {
    // Not JSON: the text itself must do.
  }
  const code = response.status < 500 ? "INVALID_ARGUMENT" : "INTERNAL";
  return new OctavoError({ code, message: `the server answered ${response.status}: ${message}` });
}
