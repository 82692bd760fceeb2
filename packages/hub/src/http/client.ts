// GET over undici: proxies of the environment, redirects followed by hand so that a token goes to its own host alone.
import type { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import type { Proxies } from "../environment.js";
import { HubError } from "../hub-error.js";
import { RetryableError } from "./retry.js";

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  /** Headers of the last reply of the endpoint itself, which knows the repository; a redirect's, where it redirects to storage. */
  readonly hubHeaders: Headers;
  /** Where it came from in the end. */
  readonly url: URL;
  readonly body: Readable;
}

export interface GetOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

const MOST_REDIRECTS = 10;
const CONNECT_MS = 10_000;
/** Without a byte for so long, the connection counts as cut. */
const SILENCE_MS = 30_000;
/** A listing of 100,000 files has less. */
const MOST_JSON_BYTES = 64 * 2 ** 20;

export class HttpClient implements AsyncDisposable {
  readonly #origin: string;
  readonly #authorization: Readonly<Record<string, string>>;
  readonly #proxies: Proxies;
  #dispatcher: Promise<Dispatcher> | undefined;
  #request: typeof import("undici").request | undefined;

  /**
   * @param endpoint the host that may see `authorization`
   * @param authorization headers that no other host gets
   */
  constructor(endpoint: string, authorization: Readonly<Record<string, string>>, proxies: Proxies) {
    if (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol)) {
      throw new HubError(
        "network",
        `the hub's address ${JSON.stringify(endpoint)} is no http(s) URL: correct HF_ENDPOINT or MODELSCOPE_ENDPOINT`,
      );
    }
    this.#origin = new URL(endpoint).origin;
    this.#authorization = authorization;
    this.#proxies = proxies;
  }

  /** Follows redirects. @throws RetryableError when no reply comes; the signal's reason when it is aborted */
  async get(address: string | URL, { headers, signal }: GetOptions = {}): Promise<Reply> {
    let url = new URL(address);
    let hubHeaders = new Headers();
    for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
      const response = await this.#send(url, headers, signal);
      const replied = toHeaders(response.headers);
      if (url.origin === this.#origin) hubHeaders = replied;
      const target = response.statusCode >= 300 && response.statusCode < 400 ? replied.get("location") : null;
      if (target === null) {
        return { status: response.statusCode, headers: replied, hubHeaders, url, body: response.body };
      }
      await response.body.dump();
      url = redirected(url, target);
    }
    throw new HubError("network", `${address} redirects more than ${MOST_REDIRECTS} times; is HF_ENDPOINT right?`);
  }

  /** A body as text. @throws RetryableError when it breaks off */
  async text(reply: Reply): Promise<string> {
    const parts: Buffer[] = [];
    let length = 0;
    try {
      for await (const part of reply.body) {
        length += part.length;
        if (length > MOST_JSON_BYTES) break;
        parts.push(part);
      }
    } catch (cause) {
      throw new RetryableError(`${reply.url.host} broke off its reply`, { cause });
    }
    if (length <= MOST_JSON_BYTES) return Buffer.concat(parts).toString("utf8");
    throw new HubError("network", `${reply.url} sends more than ${MOST_JSON_BYTES} bytes where a listing is expected`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#dispatcher)?.destroy();
  }

  async #send(
    url: URL,
    headers: GetOptions["headers"],
    signal: AbortSignal | undefined,
  ): Promise<Dispatcher.ResponseData> {
    this.#dispatcher ??= this.#connect();
    const dispatcher = await this.#dispatcher;
    const authorization = url.origin === this.#origin ? this.#authorization : {};
    // The sizes and hashes are those of the files as they are.
    const all = { "user-agent": "octavo", "accept-encoding": "identity", ...headers, ...authorization };
    try {
      return await this.#request!(url.href, { dispatcher, headers: all, signal, method: "GET" });
    } catch (cause) {
      signal?.throwIfAborted();
      throw new RetryableError(`${url.host} cannot be reached (${reasonOf(cause)})`, { cause });
    }
  }

  /** Loaded when it is needed: most starts need no network. */
  async #connect(): Promise<Dispatcher> {
    const { EnvHttpProxyAgent, request } = await import("undici");
    this.#request = request;
    return new EnvHttpProxyAgent({
      ...this.#proxies,
      connect: { timeout: CONNECT_MS },
      headersTimeout: SILENCE_MS,
      bodyTimeout: SILENCE_MS,
    });
  }
}

/** What Node and undici know of a failure. */
export function reasonOf(error: unknown): string {
  const { code, message, cause } = error as Error & { code?: string };
  return code ?? (cause === undefined ? message : reasonOf(cause));
}

function redirected(from: URL, target: string): URL {
  const url = URL.canParse(target, from.href) ? new URL(target, from) : undefined;
  const isDowngrade = from.protocol === "https:" && url?.protocol !== "https:";
  if (url !== undefined && /^https?:$/.test(url.protocol) && !isDowngrade) return url;
  throw new HubError("network", `${from.host} redirects to ${target.slice(0, 200)}, which is no address to follow`);
}

function toHeaders(raw: Readonly<Record<string, string | string[] | undefined>>): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(raw)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(", ") : value);
  }
  return headers;
}
