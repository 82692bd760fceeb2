// The data of a server-sent event stream, as it comes.

/** Each event's data; comments and other fields are left out. Leaving the loop early, or the signal, ends the connection. */
export async function* eventData(body: ReadableStream<Uint8Array>, signal?: AbortSignal): AsyncGenerator<string> {
  const reader = body.getReader();
  const cancel = () => void reader.cancel().catch(() => {});
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    yield* dataOf(reader);
  } finally {
    signal?.removeEventListener("abort", cancel);
    cancel();
  }
}

async function* dataOf(reader: ReadableStreamDefaultReader<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const lines = (rest + decoder.decode(value, { stream: true })).split(/\r?\n/);
    rest = lines.pop()!;
    for (const line of lines) if (line.startsWith("data:")) yield line.slice(5).trimStart();
  }
  if (rest.startsWith("data:")) yield rest.slice(5).trim();
}
