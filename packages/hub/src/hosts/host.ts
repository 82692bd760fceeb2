// What a host of models must offer, so that one downloader serves them all.
import type { HostSettings } from "../environment.js";
import type { HttpClient, Reply } from "../http/client.js";
import { isPassing, RetryableError, retryAfterMs } from "../http/retry.js";
import { HubError } from "../hub-error.js";
import type { HostName } from "../reference.js";

export interface HostFile {
  /** In the repository, with slashes; checked. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** What its bytes hash to, and what its blob is called: SHA-256, or git's object id. */
  readonly hash: string;
  readonly algorithm: "sha256" | "git";
}

export interface Listing {
  /** 40 hex digits that name this state of the repository for good. */
  readonly commit: string;
  readonly files: readonly HostFile[];
}

export abstract class ModelHost {
  abstract readonly name: HostName;
  /** For people. */
  abstract readonly title: string;
  abstract readonly defaultRevision: string;
  readonly endpoint: string;
  readonly cacheDir: string;
  protected readonly token: string | undefined;

  constructor({ endpoint, cacheDir, token }: HostSettings) {
    this.endpoint = endpoint;
    this.cacheDir = cacheDir;
    this.token = token;
  }

  get hasToken(): boolean {
    return this.token !== undefined;
  }

  /** Headers for `endpoint` alone. */
  get authorization(): Readonly<Record<string, string>> {
    return this.token === undefined ? {} : { authorization: `Bearer ${this.token}` };
  }

  /** @throws HubError that says why there is none */
  abstract list(client: HttpClient, id: string, revision: string, signal: AbortSignal | undefined): Promise<Listing>;

  abstract fileUrl(id: string, revision: string, commit: string, path: string): string;

  /** What a reply that is none of 200 and 206 means. */
  abstract explain(reply: Reply, text: string, asked: Asked): HubError;

  protected unreadable(id: string): HubError {
    const message = `${this.endpoint} lists the files of ${id} in a form that Octavo does not know`;
    return new HubError("network", message, { param: id });
  }
}

/** A file's path for an address. */
export function escapePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

/** What a refused request was about. */
export interface Asked {
  readonly id: string;
  readonly revision: string;
  readonly file?: string;
}

/** The reply's JSON. @throws RetryableError for statuses that pass; what `explain` makes of others */
export async function getJson(
  host: Pick<ModelHost, "explain" | "title">,
  client: HttpClient,
  url: string,
  asked: Asked,
  signal: AbortSignal | undefined,
): Promise<{ readonly json: unknown; readonly headers: Headers }> {
  const reply = await client.get(url, { signal });
  const text = await client.text(reply);
  if (isPassing(reply.status)) throw busy(reply);
  if (reply.status !== 200) throw host.explain(reply, text, asked);
  try {
    return { json: JSON.parse(text), headers: reply.headers };
  } catch (cause) {
    throw new RetryableError(`${reply.url.host} answers with something else than JSON`, { cause });
  }
}

export function busy({ status, headers, url }: Reply): RetryableError {
  return new RetryableError(`${url.host} answers with status ${status}`, {
    waitMs: retryAfterMs(headers.get("retry-after")),
  });
}
