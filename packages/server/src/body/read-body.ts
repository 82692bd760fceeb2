// Reads a request body up to a limit, whether or not its length was announced.
import { ApiError, badRequest } from "../errors/api-error.js";

/**
 * All bytes of the body. What of it is not read when it is refused is the listener's business.
 * @throws ApiError 413 as soon as there are more than `maxBytes`, 415 for a compressed one, 400 when the client stops sending
 */
export async function readBody(request: Request, maxBytes: number): Promise<Uint8Array> {
  checkEncoding(request);
  try {
    return await read(request, maxBytes);
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw badRequest(`The request body could not be read: ${(error as Error).message}`);
  }
}

async function read(request: Request, maxBytes: number): Promise<Uint8Array> {
  const announced = Number(request.headers.get("content-length") ?? Number.NaN);
  if (announced > maxBytes) throw tooLarge(maxBytes, String(announced));
  // HTTP framing cuts the body at the announced length, so the quick path needs no counting.
  if (announced <= maxBytes) return new Uint8Array(await request.arrayBuffer());
  if (!request.body) return new Uint8Array(0);

  const reader: ReadableStreamDefaultReader<Uint8Array> = request.body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(chunks, length);
    length += value.byteLength;
    if (length > maxBytes) throw tooLarge(maxBytes, `at least ${length}`);
    chunks.push(value);
  }
}

/** Gzip and the like would be taken for malformed JSON. */
function checkEncoding(request: Request): void {
  const encoding = request.headers.get("content-encoding");
  if (!encoding || encoding.toLowerCase() === "identity") return;
  throw new ApiError({
    status: 415,
    message: `Request bodies with Content-Encoding ${encoding.slice(0, 40)} are not supported; send the JSON as it is.`,
    headers: { "accept-encoding": "identity" },
  });
}

function tooLarge(maxBytes: number, found: string): ApiError {
  const message = `The request body is larger than ${maxBytes} bytes (it has ${found}); send less.`;
  return new ApiError({ status: 413, message });
}
