// A range of a file over one connection, which may be cut and is taken up again where it ended.

import { busy, type HostFile, type ModelHost } from "../hosts/host.js";
import type { HttpClient, Reply } from "../http/client.js";
import { isPassing, RetryableError, withRetries } from "../http/retry.js";
import { HubError } from "../hub-error.js";
import type { ByteRange } from "./byte-ranges.js";
import type { PartFile } from "./part-file.js";

/** Written, and noted as there, at once. */
const WRITE_BYTES = 2 ** 20;

/** What the bytes at hand belong to is not what the storage has now, or it gives no ranges: the file must begin anew. */
export class RestartError extends Error {}

/** One file, and where it comes from. */
export interface FileSource {
  readonly host: ModelHost;
  readonly client: HttpClient;
  readonly id: string;
  readonly revision: string;
  readonly file: HostFile;
  readonly url: string;
  /** Where `url` redirected to. */
  storage?: URL;
  /** Storages that name one content in several ways are none to wait for: the hash decides. */
  ignoresEtags?: boolean;
}

export interface FetchOptions {
  readonly attempts: number;
  readonly delayMs: number;
  readonly signal: AbortSignal;
  /** Called for bytes that are written. */
  readonly onBytes: (count: number) => void;
  /** Called when the first reply has come and is as it should be. */
  readonly onReply?: (kind: "range" | "whole") => void;
}

/** @throws RestartError; HubError; RetryableError when retries do not help; the signal's reason */
export async function fetchPiece(
  source: FileSource,
  part: PartFile,
  piece: ByteRange,
  options: FetchOptions,
): Promise<void> {
  let { begin: position, end } = piece;
  await withRetries(options, async () => {
    const start = position;
    try {
      const isWhole = position === 0 && end === part.size;
      const reply = await request(source, part, isWhole ? undefined : { begin: position, end }, options.signal);
      if (reply.status === 200) {
        if (position > 0) {
          reply.body.destroy();
          throw new RestartError();
        }
        end = part.size;
      }
      options.onReply?.(reply.status === 200 ? "whole" : "range");
      await receive(source, reply, part, { begin: position, end }, (count) => {
        position += count;
        options.onBytes(count);
      });
    } catch (error) {
      // Disk errors and the like pass; a cut connection that gave something is not one of a row of failures.
      if (!(error instanceof RetryableError) || position === start) throw error;
      throw new RetryableError(error.message, { cause: error.cause, waitMs: error.waitMs, hasProgress: true });
    }
  });
}

/** A reply of status 200 or 206 whose headers agree with the listing. */
async function request(
  source: FileSource,
  part: PartFile,
  range: ByteRange | undefined,
  signal: AbortSignal,
): Promise<Reply> {
  const headers: Record<string, string> = {};
  if (range !== undefined) headers.range = `bytes=${range.begin}-${range.end - 1}`;
  const isStrong = part.etag?.startsWith('"') && !source.ignoresEtags;
  if (range !== undefined && range.begin > 0 && isStrong) headers["if-range"] = part.etag!;
  const stored = source.storage;
  const reply = await source.client.get(stored ?? source.url, { headers, signal });
  if (reply.status === 200 || reply.status === 206) {
    try {
      await checkHeaders(source, part, reply, range);
    } catch (error) {
      reply.body.destroy();
      throw error;
    }
    if (stored === undefined && reply.url.href !== source.url) source.storage = reply.url;
    return reply;
  }
  const text = (await source.client.text(reply)).slice(0, 4096);
  // Another piece may have asked for a new address meanwhile.
  if (source.storage === stored) source.storage = undefined;
  if (isPassing(reply.status)) throw busy(reply);
  // An address of the storage is good for a while only: the hub gives another.
  const isStorage = reply.url.origin !== new URL(source.url).origin;
  if (isStorage && [401, 403, 404, 410].includes(reply.status)) {
    throw new RetryableError(`${reply.url.host} answers with status ${reply.status}`);
  }
  if (reply.status === 416)
    throw sizeError(source, reply.headers.get("content-range")?.replace(/^.*\//, "") ?? "fewer");
  throw source.host.explain(reply, text, { id: source.id, revision: source.revision, file: source.file.path });
}

async function checkHeaders(
  source: FileSource,
  part: PartFile,
  reply: Reply,
  range: ByteRange | undefined,
): Promise<void> {
  const { file } = source;
  const claimed = hashOf(reply.hubHeaders.get("x-linked-etag"));
  if (claimed !== undefined && claimed !== file.hash) {
    const advice = "it changed meanwhile, or the host is at fault; start again";
    const message = `${file.path} of ${source.id} is now ${claimed}, listed was ${file.hash}: ${advice}.`;
    throw new HubError("damaged", message, { param: file.path });
  }
  if (reply.status === 206) {
    const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(reply.headers.get("content-range") ?? "");
    if (match === null || Number(match[1]) !== range?.begin || Number(match[2]) >= range.end) {
      throw new RetryableError(`${reply.url.host} sends another range than it was asked for`);
    }
    if (match[3] !== "*" && Number(match[3]) !== file.size) throw sizeError(source, match[3]!);
  } else {
    const length = reply.headers.get("content-length");
    if (length !== null && Number(length) !== file.size) throw sizeError(source, length);
  }
  const etag = reply.headers.get("etag");
  if (etag === null || etag === part.etag || source.ignoresEtags) return;
  if (part.etag !== undefined && part.ranges.length > 0) throw new RestartError();
  await part.setEtag(etag);
}

/** Writes a body; what came before it broke off, too. */
async function receive(
  source: FileSource,
  reply: Reply,
  part: PartFile,
  { begin, end }: ByteRange,
  onBytes: (count: number) => void,
): Promise<void> {
  let position = begin;
  let chunks: Buffer[] = [];
  let length = 0;
  const flush = async () => {
    const bytes = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    [chunks, length] = [[], 0];
    if (bytes.length === 0) return;
    await part.write(position, bytes);
    position += bytes.length;
    onBytes(bytes.length);
  };
  let broken: unknown;
  try {
    for await (const chunk of reply.body as AsyncIterable<Buffer>) {
      if (position + length + chunk.length > end) throw sizeError(source, "more");
      chunks.push(chunk);
      length += chunk.length;
      if (length >= WRITE_BYTES) await flush();
    }
  } catch (error) {
    if (error instanceof HubError) throw error;
    broken = error;
  }
  await flush();
  if (position === end) return;
  const message = `the connection to ${reply.url.host} ended after ${position} of the ${part.size} bytes of ${source.file.path}`;
  throw new RetryableError(message, { cause: broken });
}

function sizeError({ id, file }: FileSource, found: string): HubError {
  const advice = "the host is at fault, or the file changed meanwhile; start again";
  const message = `${file.path} of ${id} has ${file.size} bytes by the listing, the host sends ${found}: ${advice}.`;
  return new HubError("damaged", message, { param: file.path });
}

/** An ETag that is a hash, as the hub's of large files are. */
function hashOf(etag: string | null): string | undefined {
  return /^(?:W\/)?"?([0-9a-f]{64})"?$/.exec(etag ?? "")?.[1];
}
