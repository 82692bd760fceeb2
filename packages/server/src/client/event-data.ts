// The data of a server-sent event stream, as it comes.

/** Each event's data; comments and other fields are left out. Leaving the loop early ends the connection. */
export async function* eventData(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of body) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split(/\r?\n/);
    rest = lines.pop()!;
    for (const line of lines) if (line.startsWith("data:")) yield line.slice(5).trimStart();
  }
  if (rest.startsWith("data:")) yield rest.slice(5).trim();
}
