// A model of the cache, without the network.
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { HubError } from "../hub-error.js";
import { selectFiles } from "../select/select-files.js";
import type { PulledModel, Wanted } from "../select/wanted.js";
import type { RepoFolder } from "./repo-folder.js";

/**
 * @param why the network is not asked, for the message
 * @throws HubError of reason `offline` when it is not there, or not complete
 */
export async function findInCache(
  repo: RepoFolder,
  revision: string,
  wanted: Wanted,
  why: string,
): Promise<PulledModel> {
  const { id, file } = wanted;
  const advice = `run octavo pull ${id} where there is network, or unset HF_HUB_OFFLINE`;
  const commit = repo.commitOf(revision);
  if (commit === undefined || repo.files(commit).length === 0) {
    const message = `${id}@${revision} is not in the cache (${repo.path}), and ${why}: ${advice}.`;
    throw new HubError("offline", message, { param: id });
  }
  if (file !== undefined && repo.isMissing(commit, file)) {
    throw new HubError("not_found", `${id}@${revision} has no file ${file}, as the cache notes.`, { param: file });
  }
  const folder = repo.snapshot(commit);
  try {
    const read = async (path: string) => readFileSync(join(folder, path), "utf8");
    const { paths, entry } = await selectFiles(repo.files(commit), wanted, read);
    const bytes = paths.reduce((sum, path) => sum + statSync(join(folder, path)).size, 0);
    return { path: entry === undefined ? folder : join(folder, entry), id, commit, bytes };
  } catch (cause) {
    if (!(cause instanceof HubError)) throw cause;
    const message = `${id}@${revision} is not completely in the cache (${folder}), and ${why}: ${advice}. Found: ${cause.message}`;
    throw new HubError("offline", message, { param: id, cause });
  }
}
