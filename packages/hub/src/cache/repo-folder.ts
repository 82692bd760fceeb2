// A repository in Python's cache layout: models--org--name/{blobs/HASH, snapshots/COMMIT/FILE -> ../../blobs/HASH, refs/REVISION}.
import { randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { copyFile, mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { checkFilePath, isCommit } from "../names.js";

const PREFIX = "models--";

export class RepoFolder {
  readonly cacheDir: string;
  readonly id: string;
  readonly path: string;

  constructor(cacheDir: string, id: string) {
    this.cacheDir = cacheDir;
    this.id = id;
    this.path = join(cacheDir, PREFIX + id.replaceAll("/", "--"));
  }

  /** All of a cache. */
  static all(cacheDir: string): RepoFolder[] {
    if (!existsSync(cacheDir)) return [];
    const names = readdirSync(cacheDir).filter((name) => name.startsWith(PREFIX));
    return names.sort().map((name) => new RepoFolder(cacheDir, name.slice(PREFIX.length).replace("--", "/")));
  }

  get locks(): string {
    return join(this.cacheDir, ".locks", PREFIX + this.id.replaceAll("/", "--"));
  }

  blob(hash: string): string {
    return join(this.path, "blobs", hash);
  }

  snapshot(commit: string): string {
    return join(this.path, "snapshots", commit);
  }

  /** The commits that something of is here. */
  commits(): string[] {
    const folder = join(this.path, "snapshots");
    return existsSync(folder) ? readdirSync(folder).sort() : [];
  }

  /** The commit of a branch, tag or commit, as far as the cache knows. */
  commitOf(revision: string): string | undefined {
    if (isCommit(revision)) return revision;
    const path = join(this.path, "refs", revision);
    if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return undefined;
    const commit = readFileSync(path, "utf8").trim();
    return isCommit(commit) ? commit : undefined;
  }

  /** Branches and tags by name, with their commits. */
  refs(): Map<string, string> {
    const found = walk(join(this.path, "refs")).map((name) => [name, this.commitOf(name)] as const);
    return new Map(found.filter((entry): entry is [string, string] => entry[1] !== undefined));
  }

  /** Paths of a snapshot's files whose blobs are here. */
  files(commit: string): string[] {
    const folder = this.snapshot(commit);
    return walk(folder).filter((path) => existsSync(join(folder, path)));
  }

  /** Makes a blob a file of a snapshot. */
  async link(commit: string, path: string, hash: string): Promise<void> {
    const target = join(this.snapshot(commit), checkFilePath(path, this.id));
    await mkdir(dirname(target), { recursive: true });
    const blob = relative(dirname(target), this.blob(hash));
    // Over what is there at once, so that a reader sees the old file or the new one.
    const temporary = `${target}.${randomUUID().slice(0, 8)}.tmp`;
    await symlink(blob, temporary).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EPERM" && error.code !== "ENOTSUP") throw error;
      return copyFile(this.blob(hash), temporary); // a file system without links
    });
    await rename(temporary, target);
  }

  /** Notes which commit a branch or tag is. */
  async setRef(revision: string, commit: string): Promise<void> {
    if (revision === commit || this.commitOf(revision) === commit) return;
    const path = join(this.path, "refs", revision);
    await mkdir(dirname(path), { recursive: true });
    const temporary = `${path}.${randomUUID().slice(0, 8)}.tmp`;
    await writeFile(temporary, commit);
    await rename(temporary, path);
  }

  /** Notes that a commit lacks a file, so that nobody asks for it again. */
  async setMissing(commit: string, path: string): Promise<void> {
    const note = join(this.path, ".no_exist", commit, checkFilePath(path, this.id));
    await mkdir(dirname(note), { recursive: true });
    await writeFile(note, "");
  }

  isMissing(commit: string, path: string): boolean {
    return existsSync(join(this.path, ".no_exist", commit, path));
  }

  /** Removes what the cache knows of a commit, but for its blobs. */
  async forget(commit: string): Promise<void> {
    for (const [name, target] of this.refs()) if (target === commit) await rm(join(this.path, "refs", name));
    await rm(this.snapshot(commit), { recursive: true, force: true });
    await rm(join(this.path, ".no_exist", commit), { recursive: true, force: true });
    await rm(join(this.path, "trees", `${commit}.json`), { force: true });
  }
}

/** Paths of the files below a folder, with slashes. */
function walk(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory());
  return entries.map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll("\\", "/")).sort();
}
