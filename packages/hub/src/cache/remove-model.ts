// Takes a model, or one revision of it, out of a cache. Blobs go when no other revision links them.
import { existsSync, readdirSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { HubError } from "../hub-error.js";
import { FileLock } from "./file-lock.js";
import type { RepoFolder } from "./repo-folder.js";
import { blobNames, blobsOf, scanRepo } from "./scan-cache.js";

/** What would go. */
export interface Removal {
  readonly repo: RepoFolder;
  /** All of the repository, or these commits of it. */
  readonly commits: readonly string[] | "all";
  /** Names of files in its `blobs`. */
  readonly blobs: readonly string[];
  /** Bytes that become free. */
  readonly bytes: number;
}

/**
 * What removing a model, or its revision (branch, tag, or the beginning of a commit), takes away.
 * @throws HubError when the cache does not have it
 */
export function planRemoval(repo: RepoFolder, revision: string | undefined): Removal {
  if (!existsSync(repo.path)) throw notCached(repo, `${repo.id} is not in the cache`);
  const { bytes } = scanRepo(repo);
  if (revision === undefined) return { repo, commits: "all", blobs: blobNames(repo), bytes };
  const all = repo.commits();
  const named = repo.commitOf(revision);
  const commits = all.filter((commit) => commit === named || (revision.length >= 7 && commit.startsWith(revision)));
  if (commits.length === 0) {
    const known = [...repo.refs().keys(), ...all.map((commit) => commit.slice(0, 12))].join(", ") || "none";
    throw notCached(repo, `${repo.id} has no revision ${revision} in the cache, but ${known}`);
  }
  const others = all.filter((commit) => !commits.includes(commit));
  // The last one takes what nothing links with it.
  if (others.length === 0) return { repo, commits: "all", blobs: blobNames(repo), bytes };
  const kept = new Set(others.flatMap((commit) => [...blobsOf(repo, commit)]));
  const blobs = [...new Set(commits.flatMap((commit) => [...blobsOf(repo, commit)]))].filter((blob) => !kept.has(blob));
  return { repo, commits, blobs, bytes: bytesOf(repo, blobs) };
}

/** @throws HubError when another process downloads the model right now */
export async function removeModel({ repo, commits, blobs }: Removal): Promise<void> {
  const locks = existsSync(repo.locks) ? readdirSync(repo.locks).map((name) => join(repo.locks, name)) : [];
  if (locks.some((path) => path.endsWith(".octavo.lock") && FileLock.isHeld(path))) {
    const message = `${repo.id} is being downloaded by another process: wait for it, or end it.`;
    throw new HubError("in_use", message, { param: repo.id });
  }
  if (commits === "all") {
    await rm(repo.path, { recursive: true, force: true });
    await rm(repo.locks, { recursive: true, force: true });
    return;
  }
  // The links first: a reader must not find one that leads nowhere.
  for (const commit of commits) await repo.forget(commit);
  for (const blob of blobs) await rm(repo.blob(blob), { force: true });
}

function bytesOf(repo: RepoFolder, blobs: readonly string[]): number {
  return blobs.reduce((sum, blob) => sum + (statSync(repo.blob(blob), { throwIfNoEntry: false })?.size ?? 0), 0);
}

function notCached(repo: RepoFolder, found: string): HubError {
  const message = `${found} (${repo.cacheDir}): octavo list shows what is there.`;
  return new HubError("not_found", message, { param: repo.id });
}
