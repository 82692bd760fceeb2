// A model's files into the cache. Its snapshot gets them when all are there: what is in a snapshot is complete.
import { existsSync, realpathSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { RepoFolder } from "../cache/repo-folder.js";
import type { HostFile } from "../hosts/host.js";
import { HubError } from "../hub-error.js";
import type { ListedModel } from "../listed-model.js";
import { selectFiles } from "../select/select-files.js";
import type { PulledModel } from "../select/wanted.js";
import { checkRoom, diskError } from "./disk.js";
import { downloadFile, hasBlob, type TransferOptions } from "./download-file.js";
import { Limit } from "./limit.js";
import { partPath } from "./part-file.js";
import { Progress } from "./progress.js";

/** A model of a host, and how it comes. */
export interface DownloadJob extends ListedModel {
  readonly transfer: TransferOptions;
}

/** What a model needs of its repository. */
export interface ChosenFiles {
  readonly chosen: readonly HostFile[];
  /** The file to load; absent where it is the folder. */
  readonly entry: string | undefined;
}

const FILES_AT_ONCE = 8;

/** @throws HubError; the signal's reason */
export async function downloadModel(
  job: DownloadJob,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<PulledModel> {
  const { repo, revision, wanted } = job;
  const { commit } = job.listing;
  const { chosen, entry } = await chooseFiles(job, signal);
  if (!chosen.every((file) => hasBlob(repo, file))) {
    await checkRoom(repo.path, bytesLeft(repo, chosen), wanted.id);
    await downloadAll(job, chosen, progress, signal);
  }
  await publish(repo, revision, commit, chosen);
  const bytes = chosen.reduce((sum, { size }) => sum + size, 0);
  const folder = repo.snapshot(commit);
  return { path: entry === undefined ? folder : join(folder, entry), id: wanted.id, commit, bytes };
}

/** Which files are wanted; an index that lists them is downloaded for it. @throws HubError; the signal's reason */
export async function chooseFiles(job: DownloadJob, signal: AbortSignal | undefined): Promise<ChosenFiles> {
  const { repo, listing, wanted } = job;
  const byPath = new Map(listing.files.map((file) => [file.path, file]));
  const readIndex = async (path: string) => {
    const index = byPath.get(path)!;
    await downloadAll(job, [index], new Progress("", undefined), signal);
    return readFile(repo.blob(index.hash), "utf8");
  };
  const { paths, entry } = await selectFiles([...byPath.keys()], wanted, readIndex).catch(async (error: unknown) => {
    const isFile = wanted.file !== undefined && error instanceof HubError && error.param === wanted.file;
    if (isFile) await repo.setMissing(listing.commit, wanted.file!).catch(() => {}); // a note for others
    throw error;
  });
  return { chosen: paths.map((path) => byPath.get(path)!), entry };
}

/** Files into the blobs of `job.repo`. When one fails, the others end. */
export async function downloadAll(
  job: DownloadJob,
  files: readonly HostFile[],
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { host, client, repo, revision, listing, wanted, transfer } = job;
  const failed = new AbortController();
  const either = AbortSignal.any([failed.signal, ...(signal ? [signal] : [])]);
  const limit = new Limit(FILES_AT_ONCE);
  let failure: { readonly error: unknown } | undefined;
  // Files of the same content are one blob.
  const unique = [...new Map(files.map((file) => [file.hash, file])).values()];
  const downloads = unique.map((file) => ({ file, told: progress.addFile(file) }));
  const all = downloads.map(({ file, told }) =>
    limit
      .run(async () => {
        either.throwIfAborted();
        const url = host.fileUrl(wanted.id, revision, listing.commit, file.path);
        await downloadFile({ host, client, id: wanted.id, revision, file, url }, repo, transfer, told, either);
      })
      .catch((error: unknown) => {
        failure ??= { error: diskError(repo.path, error) };
        failed.abort();
      }),
  );
  await Promise.all(all);
  signal?.throwIfAborted();
  if (failure) throw failure.error;
}

/** What must still be written. Blocks of a file are what it really takes. */
function bytesLeft(repo: RepoFolder, files: readonly HostFile[]): number {
  return files
    .filter((file) => !hasBlob(repo, file))
    .reduce((sum, { hash, size }) => {
      const part = partPath(repo.blob(hash));
      const written = existsSync(part) ? statSync(part).blocks * 512 : 0;
      return sum + Math.max(0, size - written);
    }, 0);
}

/** Nothing is written where all is as it should be: a cache may be read-only. */
async function publish(repo: RepoFolder, revision: string, commit: string, files: readonly HostFile[]): Promise<void> {
  try {
    for (const { path, hash } of files) {
      const link = join(repo.snapshot(commit), path);
      if (!existsSync(link) || basename(realpathSync(link)) !== hash) await repo.link(commit, path, hash);
    }
    await repo.setRef(revision, commit);
  } catch (cause) {
    throw diskError(repo.snapshot(commit), cause);
  }
}
