// ModelScope. Its listing names no commit; a hash of the listing stands in for one.
import { createHash } from "node:crypto";
import type { HttpClient, Reply } from "../http/client.js";
import { HubError } from "../hub-error.js";
import { checkFilePath } from "../names.js";
import { type Asked, escapePath, getJson, type HostFile, type Listing, ModelHost } from "./host.js";

interface FileEntry {
  readonly Type?: unknown;
  readonly Path?: unknown;
  readonly Size?: unknown;
  readonly Sha256?: unknown;
}

export class ModelScope extends ModelHost {
  readonly name = "modelscope";
  readonly title = "ModelScope";
  readonly defaultRevision = "master";

  /** Its own client sends the token as a cookie, too. */
  override get authorization(): Readonly<Record<string, string>> {
    return this.token === undefined ? {} : { ...super.authorization, cookie: `m_session_id=${this.token}` };
  }

  async list(client: HttpClient, id: string, revision: string, signal: AbortSignal | undefined): Promise<Listing> {
    const query = `Revision=${encodeURIComponent(revision)}&Recursive=true`;
    const url = `${this.endpoint}/api/v1/models/${id}/repo/files?${query}`;
    const { json } = await getJson(this, client, url, { id, revision }, signal);
    const entries = (json as { Data?: { Files?: unknown } } | null)?.Data?.Files;
    if (!Array.isArray(entries)) throw this.unreadable(id);
    const files = (entries as FileEntry[])
      .filter((entry) => entry?.Type !== "tree")
      .map((entry) => this.#file(entry, id));
    const lines = files.map(({ path, hash }) => `${path} ${hash}\n`).sort();
    return { commit: createHash("sha1").update(lines.join("")).digest("hex"), files };
  }

  fileUrl(id: string, revision: string, _commit: string, path: string): string {
    return `${this.endpoint}/models/${id}/resolve/${encodeURIComponent(revision)}/${escapePath(path)}`;
  }

  explain({ status }: Reply, text: string, { id, revision, file }: Asked): HubError {
    const page = `${this.endpoint}/models/${id}`;
    const said = /"Message"\s*:\s*"([^"]{0,200})"/.exec(text)?.[1];
    const found = `status ${status}${said ? `, ${said}` : ""}`;
    const param = file ?? id;
    if (status === 401 || status === 403) {
      const message = `${page} may not be read (${found}): set MODELSCOPE_API_TOKEN to a token of an account that may.`;
      return new HubError("unauthorized", message, { param });
    }
    if (status === 404) {
      const what = file === undefined ? `model ${id} of revision ${revision}` : `file ${file} in ${id}@${revision}`;
      return new HubError("not_found", `${this.title} has no ${what} (${found}): check the name at ${page}.`, {
        param,
      });
    }
    return new HubError("network", `${page} answers with ${found}: try again later.`, { param });
  }

  #file(entry: FileEntry | null, id: string): HostFile {
    const { Path: path, Size: size, Sha256: hash } = entry ?? {};
    const isKnown = typeof hash === "string" && /^[0-9a-f]{64}$/.test(hash) && Number.isSafeInteger(size);
    if (!isKnown || (size as number) < 0) throw this.unreadable(id);
    return { path: checkFilePath(path, id), size: size as number, hash, algorithm: "sha256" };
  }
}
