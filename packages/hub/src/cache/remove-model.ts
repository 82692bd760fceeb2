// Takes a model, a revision or a GGUF file of it out of a cache. Blobs go when nothing else links them.
import { existsSync, readdirSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { HubError } from "../hub-error.js";
import type { HubReference } from "../reference.js";
import { chooseGguf, isGgufModel, splitFiles } from "../select/gguf-files.js";
import { FileLock } from "./file-lock.js";
import type { RepoFolder } from "./repo-folder.js";
import { blobsOf, scanRepo } from "./scan-cache.js";

/** What would go. */
export interface Removal {
  readonly repo: RepoFolder;
  /** Files by commit; or all that the cache has of the repository. */
  readonly files: ReadonlyMap<string, readonly string[]> | "all";
  /** Names of files in its `blobs` that nothing links then. */
  readonly blobs: readonly string[];
  /** Bytes that become free. */
  readonly bytes: number;
}

/**
 * What removing a model takes away, or a revision of it (branch, tag, or the beginning of a commit), or a GGUF file.
 * @throws HubError when the cache does not have it
 */
export function planRemoval(
  repo: RepoFolder,
  wanted: Pick<HubReference, "revision" | "file" | "quantization"> = {},
): Removal {
  if (!existsSync(repo.path)) throw notCached(repo, `${repo.id} is not in the cache`);
  const all = repo.commits();
  const chosen = wanted.revision === undefined ? all : commitsOf(repo, wanted.revision);
  const files = new Map(chosen.map((commit) => [commit, filesOf(repo, commit, wanted)]));
  const isPart = wanted.file !== undefined || wanted.quantization !== undefined;
  if (isPart && [...files.values()].every(({ length }) => length === 0)) {
    throw notCached(repo, `${repo.id} has no ${wanted.file ?? wanted.quantization} in the cache`);
  }
  const isGone = (commit: string, file: string) => files.get(commit)?.includes(file) ?? false;
  const isAll = all.every((commit) => repo.files(commit).every((file) => isGone(commit, file)));
  // The last one takes what nothing links with it.
  if (isAll) return { repo, files: "all", blobs: [], bytes: scanRepo(repo).bytes };
  const linked = (gone: boolean) =>
    new Set(all.flatMap((commit) => [...blobsOf(repo, commit, (file) => isGone(commit, file) === gone)]));
  const kept = linked(false);
  const blobs = [...linked(true)].filter((blob) => !kept.has(blob));
  return { repo, files, blobs, bytes: blobs.reduce((sum, blob) => sum + sizeOf(repo.blob(blob)), 0) };
}

/** @throws HubError when another process downloads the model right now */
export async function removeModel({ repo, files, blobs }: Removal): Promise<void> {
  const locks = existsSync(repo.locks) ? readdirSync(repo.locks).map((name) => join(repo.locks, name)) : [];
  if (locks.some((path) => path.endsWith(".octavo.lock") && FileLock.isHeld(path))) {
    const message = `${repo.id} is being downloaded by another process: wait for it, or end it.`;
    throw new HubError("in_use", message, { param: repo.id });
  }
  if (files === "all") {
    await rm(repo.path, { recursive: true, force: true });
    await rm(repo.locks, { recursive: true, force: true });
    return;
  }
  // The links first: a reader must not find one that leads nowhere.
  for (const [commit, gone] of files) {
    for (const file of gone) await rm(join(repo.snapshot(commit), file), { force: true });
    if (repo.files(commit).length === 0) await repo.forget(commit);
  }
  for (const blob of blobs) await rm(repo.blob(blob), { force: true });
}

function commitsOf(repo: RepoFolder, revision: string): string[] {
  const all = repo.commits();
  const named = repo.commitOf(revision);
  const commits = all.filter((commit) => commit === named || (revision.length >= 7 && commit.startsWith(revision)));
  if (commits.length > 0) return commits;
  const known = [...repo.refs().keys(), ...all.map((commit) => commit.slice(0, 12))].join(", ") || "none";
  throw notCached(repo, `${repo.id} has no revision ${revision} in the cache, but ${known}`);
}

function filesOf(
  repo: RepoFolder,
  commit: string,
  { file, quantization }: Pick<HubReference, "file" | "quantization">,
): readonly string[] {
  const files = repo.files(commit);
  if (file !== undefined) return files.includes(file) ? splitFiles(files, file) : [];
  if (quantization === undefined) return files;
  try {
    return chooseGguf(files.filter(isGgufModel), quantization, repo.id);
  } catch {
    return []; // this commit lacks it
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function notCached(repo: RepoFolder, found: string): HubError {
  const message = `${found} (${repo.cacheDir}): octavo list shows what is there.`;
  return new HubError("not_found", message, { param: repo.id });
}
