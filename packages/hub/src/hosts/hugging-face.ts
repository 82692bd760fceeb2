// Hugging Face's hub, and what speaks its API.
import type { HttpClient, Reply } from "../http/client.js";
import { HubError } from "../hub-error.js";
import { checkFilePath, isCommit } from "../names.js";
import { type Asked, escapePath, getJson, type HostFile, type Listing, ModelHost } from "./host.js";

const MOST_PAGES = 1000;

interface TreeEntry {
  readonly type?: unknown;
  readonly path?: unknown;
  readonly size?: unknown;
  readonly oid?: unknown;
  readonly lfs?: { readonly oid?: unknown; readonly size?: unknown };
}

export class HuggingFace extends ModelHost {
  readonly name = "huggingface";
  readonly title = "Hugging Face";
  readonly defaultRevision = "main";

  async list(client: HttpClient, id: string, revision: string, signal: AbortSignal | undefined): Promise<Listing> {
    const asked = { id, revision };
    const base = `${this.endpoint}/api/models/${id}`;
    const info = await getJson(this, client, `${base}/revision/${encodeURIComponent(revision)}`, asked, signal);
    const commit = (info.json as { sha?: unknown } | null)?.sha;
    if (typeof commit !== "string" || !isCommit(commit)) {
      throw new HubError("network", `${this.endpoint} names no commit of ${id}: is it a Hugging Face hub?`, {
        param: id,
      });
    }
    const files: HostFile[] = [];
    let page: string | undefined = `${base}/tree/${commit}?recursive=true`;
    for (let count = 0; page !== undefined && count < MOST_PAGES; count++) {
      const { json, headers } = await getJson(this, client, page, asked, signal);
      if (!Array.isArray(json)) throw this.unreadable(id);
      for (const entry of json as TreeEntry[]) if (entry?.type === "file") files.push(this.#file(entry, id));
      page = nextPage(headers.get("link"), page);
    }
    return { commit, files };
  }

  fileUrl(id: string, _revision: string, commit: string, path: string): string {
    return `${this.endpoint}/${id}/resolve/${commit}/${escapePath(path)}`;
  }

  explain({ status, headers }: Reply, _text: string, { id, revision, file }: Asked): HubError {
    const page = `${this.endpoint}/${id}`;
    const { hasToken } = this;
    const said = headers.get("x-error-message") ?? "";
    const code = headers.get("x-error-code") ?? "";
    const fail = (reason: ConstructorParameters<typeof HubError>[0], message: string) =>
      new HubError(reason, message, { param: file ?? id });
    if (code === "GatedRepo") {
      const then = hasToken
        ? "the token that is set has no access to it yet. Ask for access there with its account, or set HF_TOKEN to another's"
        : `ask for access there, make a token on ${this.endpoint}/settings/tokens and set HF_TOKEN to it`;
      return fail(
        "gated",
        `${id} is gated (status ${status}): its owner gives access to who asks. Visit ${page}: ${then}.`,
      );
    }
    if (code === "RevisionNotFound") {
      return fail(
        "not_found",
        `${id} has no revision ${revision} (status ${status}): ${page}/commits lists branches and tags.`,
      );
    }
    if (code === "EntryNotFound") {
      return fail(
        "not_found",
        `${id}@${revision} has no file ${file} (status ${status}): ${page}/tree/${revision} lists its files.`,
      );
    }
    if (status === 401 && /invalid (credentials|username or password)/i.test(said)) {
      return fail(
        "unauthorized",
        `${this.endpoint} refuses the token (${said}): set HF_TOKEN to a valid one, or to none.`,
      );
    }
    if (status === 401 || status === 404) {
      const then = hasToken
        ? "or the account of the token that is set does not see it"
        : "or it is private: then set HF_TOKEN to a token that may read it";
      return fail(
        "not_found",
        `${this.title} has no model ${id} (status ${status}): check its name at ${page}, ${then}.`,
      );
    }
    if (status === 403) {
      return fail(
        "unauthorized",
        `${page} may not be read (status 403${said && `, ${said}`}): does the token of HF_TOKEN have the right to?`,
      );
    }
    return fail("network", `${page} answers with status ${status}${said && ` (${said})`}: try again later.`);
  }

  #file({ path, size, oid, lfs }: TreeEntry, id: string): HostFile {
    const [hash, bytes] = lfs ? [lfs.oid, lfs.size] : [oid, size];
    const wanted = lfs ? /^[0-9a-f]{64}$/ : /^[0-9a-f]{40}$/;
    if (typeof hash !== "string" || !wanted.test(hash) || !Number.isSafeInteger(bytes) || (bytes as number) < 0) {
      throw this.unreadable(id);
    }
    return { path: checkFilePath(path, id), size: bytes as number, hash, algorithm: lfs ? "sha256" : "git" };
  }
}

/** Of a Link header, but on the host of `page`: mirrors pass on the hub's own address. */
function nextPage(link: string | null, page: string): string | undefined {
  const next = /<([^>]+)>;\s*rel="?next"?/.exec(link ?? "")?.[1];
  if (next === undefined || !URL.canParse(next, page)) return undefined;
  const url = new URL(page);
  url.search = new URL(next, page).search;
  return url.href;
}
