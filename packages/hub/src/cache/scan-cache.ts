// What a cache holds.
import { existsSync, lstatSync, readdirSync, readlinkSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { RepoFolder } from "./repo-folder.js";

/** One state of a repository, as far as it is here. */
export interface CachedRevision {
  /** 40 hex digits. */
  readonly commit: string;
  /** Branches and tags that it is. */
  readonly refs: readonly string[];
  readonly files: readonly string[];
  /** Bytes of the files; other revisions may share some. */
  readonly bytes: number;
  /** When one of its files was last read, as far as the file system notes that. Milliseconds since 1970. */
  readonly lastUsed: number;
}

export interface CachedModel {
  readonly id: string;
  readonly path: string;
  readonly revisions: readonly CachedRevision[];
  /** Bytes on the disk: files that revisions share count once. */
  readonly bytes: number;
  /** Of these, what belongs to downloads that did not end. */
  readonly incompleteBytes: number;
}

/** Every model of a cache, by id. */
export function scanCache(cacheDir: string): CachedModel[] {
  return RepoFolder.all(cacheDir).map((repo) => scanRepo(repo));
}

export function scanRepo(repo: RepoFolder): CachedModel {
  const refs = [...repo.refs()];
  const revisions = repo.commits().map((commit): CachedRevision => {
    const files = repo.files(commit);
    const stats = files.map((file) => statSync(join(repo.snapshot(commit), file)));
    return {
      commit,
      refs: refs.filter(([, target]) => target === commit).map(([name]) => name),
      files,
      bytes: stats.reduce((sum, { size }) => sum + size, 0),
      lastUsed: Math.max(0, ...stats.map(({ atimeMs }) => atimeMs)),
    };
  });
  const blobs = blobNames(repo).map((name) => ({ name, bytes: diskBytes(repo.blob(name)) }));
  const sum = (list: typeof blobs) => list.reduce((total, { bytes }) => total + bytes, 0);
  const incompleteBytes = sum(blobs.filter(({ name }) => name.includes(".incomplete")));
  return { id: repo.id, path: repo.path, revisions, bytes: sum(blobs), incompleteBytes };
}

/** Files of the blobs' folder: also parts of some, and links to blobs that Python shares between models. */
function blobNames(repo: RepoFolder): string[] {
  const folder = join(repo.path, "blobs");
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** Names of the blobs that a snapshot's files, or some of them, are links to. */
export function blobsOf(repo: RepoFolder, commit: string, isWanted: (file: string) => boolean): Set<string> {
  const files = repo.files(commit).filter(isWanted);
  const links = files.map((file) => join(repo.snapshot(commit), file));
  const targets = links.filter((path) => lstatSync(path).isSymbolicLink()).map((path) => readlinkSync(path));
  return new Set(targets.filter((target) => basename(dirname(target)) === "blobs").map((target) => basename(target)));
}

/** A file that is being written has holes. */
function diskBytes(path: string): number {
  const { size, blocks } = statSync(path, { throwIfNoEntry: false }) ?? { size: 0, blocks: 0 };
  return path.includes(".incomplete") ? Math.min(size, blocks * 512) : size;
}
