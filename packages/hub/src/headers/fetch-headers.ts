// A model's folder without its weights: small files as they are, of large ones the bytes that say what is in them. Those files have
// their full size all the same, as files with holes, so that whatever reads headers on disk reads them.
import { mkdir, open, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { OctavoError } from "@octavo/core";
import { RepoFolder } from "../cache/repo-folder.js";
import { hasBlob } from "../download/download-file.js";
import { chooseFiles, type DownloadJob, downloadAll } from "../download/download-model.js";
import { type FileSource, fetchPiece, RestartError } from "../download/fetch-piece.js";
import { Limit } from "../download/limit.js";
import { PartFile } from "../download/part-file.js";
import { Progress } from "../download/progress.js";
import type { HostFile } from "../hosts/host.js";
import { RetryableError } from "../http/retry.js";
import { HubError } from "../hub-error.js";
import type { PulledModel } from "../select/wanted.js";
import { neededPart, readHeader } from "./file-parts.js";

/** As a pulled model, but that its path has headers alone. */
export interface ModelHeaders extends PulledModel {
  /** Bytes of the files that the cache lacks. */
  readonly bytesToDownload: number;
}

const FILES_AT_ONCE = 8;

/**
 * @param job of the model in its cache, which is read and not written
 * @param folder where the headers go
 * @throws HubError; UNSUPPORTED for weights in a file whose beginning does not tell; CHECKPOINT for damaged headers; the signal's reason
 */
export async function fetchHeaders(job: DownloadJob, folder: string, signal?: AbortSignal): Promise<ModelHeaders> {
  const { listing, wanted } = job;
  const scratch = new RepoFolder(folder, wanted.id);
  await linkCached(job, scratch);
  const inScratch = { ...job, repo: scratch };
  const { chosen, entry } = await chooseFiles(inScratch, signal);
  const missing = chosen.filter((file) => !hasBlob(job.repo, file));
  const bytesToDownload = sumOf(missing);
  const unreadable = missing.find(({ path }) => neededPart(path) === null);
  if (unreadable !== undefined) throw mustBePulled(job, unreadable, bytesToDownload);
  const whole = missing.filter(({ path }) => neededPart(path) === "all");
  await downloadAll(inScratch, whole, new Progress("", undefined), signal);
  const limit = new Limit(FILES_AT_ONCE);
  const parts = missing.filter((file) => !whole.includes(file));
  // All of them, so that nothing is written any more when the folder goes.
  const fetched = await Promise.allSettled(parts.map((file) => limit.run(() => fetchPart(inScratch, file, signal))));
  for (const result of fetched) if (result.status === "rejected") throw result.reason;
  for (const { path, hash } of chosen) await scratch.link(listing.commit, path, hash);
  const path = join(scratch.snapshot(listing.commit), entry ?? "");
  return { path, id: wanted.id, commit: listing.commit, bytes: sumOf(chosen), bytesToDownload };
}

/** What the cache has is as good as fetched. */
async function linkCached({ repo, listing }: DownloadJob, scratch: RepoFolder): Promise<void> {
  await mkdir(dirname(scratch.blob("any")), { recursive: true });
  const hashes = new Set(listing.files.filter((file) => hasBlob(repo, file)).map(({ hash }) => hash));
  for (const hash of hashes) await symlink(repo.blob(hash), scratch.blob(hash));
}

async function fetchPart(job: DownloadJob, file: HostFile, signal: AbortSignal | undefined): Promise<void> {
  const blob = job.repo.blob(file.hash);
  {
    await using part = await PartFile.open(blob, file.size);
    if (neededPart(file.path) === "header") await fetchHeader(job, file, part, signal);
    await part.finish(blob);
  }
  const whole = await open(blob, "r+");
  await whole.truncate(file.size).finally(() => whole.close());
}

async function fetchHeader(
  { host, client, revision, listing, wanted: { id }, transfer }: DownloadJob,
  file: HostFile,
  part: PartFile,
  signal = new AbortController().signal,
): Promise<void> {
  const url = host.fileUrl(id, revision, listing.commit, file.path);
  const source: FileSource = { host, client, id, revision, file, url, ignoresEtags: true };
  const { attempts, delayMs } = transfer;
  const read = async (begin: number, end: number) => {
    const isAll = begin === 0 && end === file.size;
    const onReply = (kind: "range" | "whole") => {
      if (kind === "whole" && !isAll) throw new RestartError();
    };
    if (end > begin)
      await fetchPiece(source, part, { begin, end }, { attempts, delayMs, signal, onBytes: () => {}, onReply });
    return part.read(begin, end);
  };
  try {
    await readHeader(`${id}/${file.path}`, file.size, read);
  } catch (error) {
    if (error instanceof RestartError) throw noRanges(source);
    if (!(error instanceof RetryableError)) throw error;
    throw new HubError("network", `${error.message}. Try again.`, { param: id, cause: error });
  }
}

function sumOf(files: readonly HostFile[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}

function mustBePulled({ wanted: { id } }: DownloadJob, { path }: HostFile, bytes: number): OctavoError {
  const size = `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  const message = `the weights of ${id} are in ${path}, which says what it holds only when all of it is here: octavo pull ${id} downloads it (${size})`;
  return new OctavoError({ code: "UNSUPPORTED", message, param: path });
}

function noRanges({ id, file, url }: FileSource): HubError {
  const message = `${new URL(url).host} gives ${file.path} of ${id} only as a whole: octavo pull ${id} downloads it.`;
  return new HubError("network", message, { param: id });
}
