// One file into the cache's blobs: once between processes, over several connections, checked.
import { existsSync, statSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FileLock } from "../cache/file-lock.js";
import type { RepoFolder } from "../cache/repo-folder.js";
import type { HostFile } from "../hosts/host.js";
import { RetryableError } from "../http/retry.js";
import { HubError } from "../hub-error.js";
import { diskError } from "./disk.js";
import { type FetchOptions, type FileSource, fetchPiece, RestartError } from "./fetch-piece.js";
import { hashFile } from "./file-hash.js";
import type { Limit } from "./limit.js";
import { PartFile } from "./part-file.js";
import type { FileProgress } from "./progress.js";

/** How files are fetched. */
export interface TransferOptions {
  /** Of all files together. */
  readonly connections: Limit;
  /** What one connection fetches at a time. */
  readonly pieceBytes: number;
  readonly attempts: number;
  readonly delayMs: number;
}

/** For what is not the same any more, or gives no ranges. */
const MOST_RESTARTS = 2;

/** Whether the cache has a file's content. */
export function hasBlob(repo: RepoFolder, { hash, size }: HostFile): boolean {
  const path = repo.blob(hash);
  return existsSync(path) && statSync(path).size === size;
}

function lockPath(repo: RepoFolder, hash: string): string {
  return join(repo.locks, `${hash}.octavo.lock`);
}

/** @throws HubError; the signal's reason, after which a further call goes on where this one ended */
export async function downloadFile(
  source: FileSource,
  repo: RepoFolder,
  transfer: TransferOptions,
  progress: FileProgress,
  signal: AbortSignal,
): Promise<void> {
  const { file } = source;
  if (hasBlob(repo, file)) return progress.done();
  const blob = repo.blob(file.hash);
  await using _ = await lockBlob(repo, file, progress, signal);
  if (hasBlob(repo, file)) return progress.done();
  // Something that is none: without this, its links would be good.
  if (existsSync(blob)) await rm(blob);
  if (file.size === 0) {
    await writeFile(blob, "");
    return progress.done();
  }
  await using part = await PartFile.open(blob, file.size);
  // A machine that went down may have lost bytes that were noted: what was taken up again may begin anew once.
  for (let mayRestart = part.ranges.length > 0; ; mayRestart = false) {
    await fetchAll(source, part, transfer, progress, signal);
    progress.verifying();
    if ((await hashFile(part.path, file.algorithm, signal)) === file.hash) break;
    if (!mayRestart) {
      await part.discard();
      throw damaged(source);
    }
    await part.restart();
  }
  await part.finish(blob);
  progress.done();
}

async function lockBlob(
  repo: RepoFolder,
  { hash }: HostFile,
  progress: FileProgress,
  signal: AbortSignal,
): Promise<FileLock> {
  try {
    await mkdir(dirname(repo.blob(hash)), { recursive: true });
    return await FileLock.acquire(lockPath(repo, hash), { signal, onWait: () => progress.waiting() });
  } catch (cause) {
    signal.throwIfAborted();
    throw diskError(repo.blob(hash), cause);
  }
}

function damaged({ id, file, host }: FileSource): HubError {
  const message = `${file.path} of ${id} does not hash to ${file.hash}, which ${host.title} lists for it: what came was damaged on its way, or the host is at fault. Start again.`;
  return new HubError("damaged", message, { param: file.path });
}

async function fetchAll(
  source: FileSource,
  part: PartFile,
  transfer: TransferOptions,
  progress: FileProgress,
  signal: AbortSignal,
): Promise<void> {
  for (let restarts = 0; ; restarts++) {
    progress.begin(part.ranges.length);
    try {
      return await fetchMissing(source, part, transfer, progress, signal);
    } catch (error) {
      if (error instanceof RetryableError) throw gaveUp(source, error);
      if (!(error instanceof RestartError)) throw error;
      source.ignoresEtags = true;
      if (restarts === MOST_RESTARTS) {
        const message = `${new URL(source.url).host} does not give the rest of a file (${source.file.path}) whose beginning it gave, and breaks off`;
        throw gaveUp(source, new RetryableError(message));
      }
      await part.restart();
    }
  }
}

function gaveUp({ id }: FileSource, error: RetryableError): HubError {
  const message = `${error.message}. What is there of ${id} is kept: start again, and it goes on from there.`;
  return new HubError("network", message, { param: id, cause: error });
}

/** The first piece's reply shows whether there are ranges; then the others follow, over as many connections as there may be. */
async function fetchMissing(
  source: FileSource,
  part: PartFile,
  { connections, pieceBytes, attempts, delayMs }: TransferOptions,
  progress: FileProgress,
  signal: AbortSignal,
): Promise<void> {
  const [first, ...others] = part.ranges.missing(part.size, pieceBytes);
  if (first === undefined) return;
  const failed = new AbortController();
  const options: FetchOptions = {
    attempts,
    delayMs,
    signal: AbortSignal.any([signal, failed.signal]),
    onBytes: (count) => progress.add(count),
  };
  const fetching: Promise<void>[] = [];
  let failure: { readonly error: unknown } | undefined;
  const begin = (piece: typeof first, onReply?: FetchOptions["onReply"]) => {
    const done = connections.run(() => fetchPiece(source, part, piece, { ...options, onReply }));
    fetching.push(
      done.catch((error: unknown) => {
        failure ??= { error };
        failed.abort();
      }),
    );
  };
  let hasBegun = false;
  begin(first, (kind) => {
    if (kind === "range" && !hasBegun) for (const piece of others) begin(piece);
    hasBegun = true;
  });
  // It grows while it is waited for.
  for (let next = 0; next < fetching.length; next++) await fetching[next];
  signal.throwIfAborted();
  if (failure) throw failure.error;
}
