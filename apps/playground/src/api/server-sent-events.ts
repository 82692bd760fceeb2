// Server-sent events from a byte stream, as far as OpenAI's streams use them: the data of each event, nothing else.

/** Splits text that arrives in arbitrary pieces. */
export class EventSplitter {
  #rest = "";

  /** The data of the events that `text` completes. */
  push(text: string): string[] {
    const parts = (this.#rest + text).split(/\r?\n\r?\n/);
    this.#rest = parts.pop()!;
    return parts.map(dataOf).filter((data) => data !== null);
  }
}

function dataOf(event: string): string | null {
  const lines = event.split(/\r?\n/).filter((line) => line.startsWith("data:"));
  return lines.length > 0 ? lines.map((line) => line.slice(5).replace(/^ /, "")).join("\n") : null;
}

/** To be read to its end; an abort of the request ends it too. */
export async function* eventData(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const splitter = new EventSplitter();
  const decoder = new TextDecoder();
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield* splitter.push(decoder.decode(value, { stream: true }));
  }
}
