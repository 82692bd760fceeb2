// Reads a request body up to a limit, whether or not its length was announced.
import { ApiError, badRequest } from "../errors/api-error.js";

/**
 * A body over the limit is still read (and dropped) up to these bounds: a client that is busy sending would otherwise see
 * its connection break instead of the 413.
 */
const MAX_DISCARD_BYTES = 2 ** 30;
const MAX_DISCARD_MS = 10_000;

/** All bytes of the body. @throws ApiError 413 when there are more than `maxBytes`, 400 when the client stops sending */
export async function readBody(request: Request, maxBytes: number): Promise<Uint8Array> {
  try {
    return await read(request, maxBytes);
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw badRequest(`The request body could not be read: ${(error as Error).message}`);
  }
}

async function read(request: Request, maxBytes: number): Promise<Uint8Array> {
  const announced = Number(request.headers.get("content-length") ?? Number.NaN);
  // HTTP framing cuts the body at the announced length, so the quick path needs no counting.
  if (announced <= maxBytes) return new Uint8Array(await request.arrayBuffer());
  if (!request.body) return new Uint8Array(0);

  const deadline = Date.now() + MAX_DISCARD_MS;
  const reader: ReadableStreamDefaultReader<Uint8Array> = request.body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.byteLength;
    if (length <= maxBytes && !(announced > maxBytes)) chunks.push(value);
    else chunks.length = 0;
    if (length > MAX_DISCARD_BYTES || (length > maxBytes && Date.now() > deadline)) break;
  }
  if (length > maxBytes || announced > maxBytes) {
    throw new ApiError({
      status: 413,
      message: `The request body is larger than ${maxBytes} bytes (it has ${announced || `at least ${length}`}); send less.`,
      headers: { connection: "close" },
    });
  }
  return Buffer.concat(chunks, length);
}
