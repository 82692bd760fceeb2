// A hub on 127.0.0.1: Hugging Face's and ModelScope's API over files of a test, with a storage on another port that large files are
// redirected to, and whatever can go wrong.
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request, as it came. */
export interface Seen {
  readonly server: "hub" | "storage";
  readonly path: string;
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
  readonly authorization: string | undefined;
  /** How many of this server and path came before. */
  readonly count: number;
}

/** What goes wrong with a request. */
export interface Fault {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly text?: string;
  /** The connection breaks after so many bytes of the body. */
  readonly cutAfter?: number;
  /** The whole file, whatever was asked. */
  readonly ignoresRange?: boolean;
  readonly etag?: string;
  /** Other bytes than the listed ones. */
  readonly bytes?: Buffer;
  /** Without a Content-Length. */
  readonly chunked?: boolean;
  readonly delayMs?: number;
}

export interface FakeModel {
  /** 40 hex digits. */
  readonly commit: string;
  readonly files: Readonly<Record<string, Buffer>>;
  /** Branches and tags. Default: main and master. */
  readonly refs?: readonly string[];
}

/** Files of so many bytes are stored by their SHA-256, elsewhere. */
const LFS_BYTES = 1000;

export class FakeHub implements AsyncDisposable {
  readonly models = new Map<string, FakeModel>();
  readonly requests: Seen[] = [];
  /** Bytes of files that were sent, whole or in parts. */
  bytesSent = 0;
  /** Asked for every request. */
  fault: (request: Seen) => Fault | undefined = () => undefined;
  /** Entries of a page of a listing. */
  pageSize = 1000;
  readonly #hub: Server;
  readonly #storage: Server;

  private constructor(hub: Server, storage: Server) {
    this.#hub = hub;
    this.#storage = storage;
    hub.on("request", (request, response) => void this.#answer("hub", request, response));
    storage.on("request", (request, response) => void this.#answer("storage", request, response));
  }

  static async start(models: Readonly<Record<string, FakeModel>> = {}): Promise<FakeHub> {
    const servers = [createServer(), createServer()] as const;
    for (const server of servers) await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const hub = new FakeHub(...servers);
    for (const [id, model] of Object.entries(models)) hub.models.set(id, model);
    return hub;
  }

  get endpoint(): string {
    return address(this.#hub);
  }

  /** Requests for files' contents. */
  get fetches(): Seen[] {
    return this.requests.filter(({ server, path }) => server === "storage" || path.includes("/resolve/"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of [this.#hub, this.#storage]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  async #answer(server: Seen["server"], request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = decodeURIComponent(request.url!);
    const { range, authorization } = request.headers;
    const count = this.requests.filter((seen) => seen.server === server && seen.path === path).length;
    const seen: Seen = { server, path, range, ifRange: request.headers["if-range"] as string, authorization, count };
    this.requests.push(seen);
    const fault = this.fault(seen) ?? {};
    if (fault.delayMs) await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
    if (fault.status !== undefined) {
      response.writeHead(fault.status, fault.headers).end(fault.text ?? "");
      return;
    }
    this.#route(server, path, fault, seen, response);
  }

  #route(server: Seen["server"], path: string, fault: Fault, seen: Seen, response: ServerResponse): void {
    if (server === "storage") {
      this.#send(this.#byHash(path.slice(1)), fault, seen, response, md5Etag);
      return;
    }
    const info = /^\/api\/models\/(.+)\/revision\/(.+)$/.exec(path);
    const tree = /^\/api\/models\/(.+)\/tree\/([0-9a-f]{40})\?recursive=true(?:&expand=\w+)?(?:&cursor=(\d+))?$/.exec(
      path,
    );
    const file = /^\/(?:models\/)?([^/]+(?:\/[^/]+)?)\/resolve\/([^/]+)\/(.+)$/.exec(path);
    const listing = /^\/api\/v1\/models\/(.+)\/repo\/files\?Revision=(.+)&Recursive=true$/.exec(path);
    const [, id = "", revision = "", rest] = info ?? tree ?? file ?? listing ?? [];
    const model = this.models.get(id);
    if (model === undefined) refuse(response, 404, "RepoNotFound");
    else if (![model.commit, ...(model.refs ?? ["main", "master"])].includes(revision)) {
      refuse(response, 404, "RevisionNotFound");
    } else if (info) json(response, { id, sha: model.commit });
    else if (tree) this.#tree(model, Number(rest ?? 0), path, response);
    else if (listing) json(response, { Code: 200, Data: { Files: modelScopeFiles(model) } });
    else this.#file(model, path, rest!, fault, seen, response);
  }

  #file(model: FakeModel, path: string, name: string, fault: Fault, seen: Seen, response: ServerResponse): void {
    const content = model.files[name];
    const isStored = content !== undefined && (content.length >= LFS_BYTES || path.startsWith("/models/"));
    if (!isStored) {
      this.#send(content, fault, seen, response, (bytes) => `"${gitHash(bytes)}"`, model.commit);
      return;
    }
    const hash = sha256(content);
    const etag = fault.etag ?? `"${hash}"`;
    const headers = { "x-repo-commit": model.commit, "x-linked-etag": etag, "x-linked-size": content.length };
    response.writeHead(302, { ...headers, location: `${address(this.#storage)}/${hash}` }).end();
  }

  #tree({ files }: FakeModel, cursor: number, path: string, response: ServerResponse): void {
    const entries = Object.entries(files).map(([name, content]) => {
      const entry = { type: "file", path: name, size: content.length, oid: gitHash(content) };
      const isLarge = content.length >= LFS_BYTES;
      return isLarge ? { ...entry, lfs: { oid: sha256(content), size: content.length, pointerSize: 130 } } : entry;
    });
    const next = cursor + this.pageSize;
    // As mirrors pass it on: of the hub itself.
    const link = `<https://huggingface.co${path.replace(/&cursor=\d+/, "")}&cursor=${next}>; rel="next"`;
    const folder = { type: "directory", path: "folder", size: 0, oid: "0".repeat(40) };
    const page = [folder, ...entries.slice(cursor, next)];
    json(response, page, next < entries.length ? { link } : {});
  }

  #send(
    content: Buffer | undefined,
    fault: Fault,
    { range, ifRange }: Seen,
    response: ServerResponse,
    etagOf: (content: Buffer) => string,
    commit?: string,
  ): void {
    if (content === undefined) {
      refuse(response, 404, "EntryNotFound");
      return;
    }
    const bytes = fault.bytes ?? content;
    const etag = fault.etag ?? etagOf(bytes);
    const asked = /^bytes=(\d+)-(\d+)$/.exec(range ?? "");
    const isRange = asked !== null && !fault.ignoresRange && (ifRange === undefined || ifRange === etag);
    const begin = isRange ? Number(asked[1]) : 0;
    const end = isRange ? Math.min(Number(asked[2]) + 1, bytes.length) : bytes.length;
    if (begin >= bytes.length && isRange) {
      response.writeHead(416, { "content-range": `bytes */${bytes.length}` }).end();
      return;
    }
    const body = bytes.subarray(begin, end);
    this.bytesSent += body.length;
    response.writeHead(isRange ? 206 : 200, {
      etag,
      "accept-ranges": "bytes",
      ...(commit && { "x-repo-commit": commit }),
      ...(isRange && { "content-range": `bytes ${begin}-${end - 1}/${bytes.length}` }),
      ...(!fault.chunked && { "content-length": body.length }),
      ...fault.headers,
    });
    if (fault.cutAfter === undefined) response.end(body);
    else {
      // Later, so that the bytes come before the end.
      response.write(body.subarray(0, fault.cutAfter), () => setTimeout(() => response.destroy(), 20));
    }
  }

  #byHash(hash: string): Buffer | undefined {
    const contents = [...this.models.values()].flatMap(({ files }) => Object.values(files));
    return contents.find((content) => sha256(content) === hash);
  }
}

export function sha256(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

export function gitHash(content: Buffer): string {
  return createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
}

/** As a storage names what it has: not by the hub's hash. */
function md5Etag(content: Buffer): string {
  return `"${createHash("md5").update(content).digest("hex")}"`;
}

function address(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function json(response: ServerResponse, value: unknown, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(200, { "content-type": "application/json", ...headers }).end(JSON.stringify(value));
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { "x-error-code": code, "x-error-message": code }).end(JSON.stringify({ error: code }));
}

function modelScopeFiles({ files }: FakeModel): object[] {
  const entries = Object.entries(files).map(([path, content]) => ({
    Type: "blob",
    Path: path,
    Size: content.length,
    Sha256: sha256(content),
  }));
  return [{ Type: "tree", Path: "folder", Size: 0 }, ...entries];
}
