// The Node side of a Hono app: listens, answers 503 until there is an app, and drains before it closes.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { getRequestListener, RequestError } from "@hono/node-server";
import { checkArgument, OctavoError } from "@octavo/core";
import type { Hono } from "hono";
import type { Env } from "./context.js";
import { ApiError, badRequest } from "./errors/api-error.js";
import { discardRest } from "./socket/discard-rest.js";
import { OpenReplies } from "./socket/open-replies.js";

/** Where to listen. */
export interface ListenOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** 0 takes any free port. Default 8000. */
  readonly port?: number;
}

/** Longer than common clients keep an idle connection, so that theirs, not ours, closes first. */
const KEEP_ALIVE_MS = 65_000;

/** For the last words of requests that did not end in time. */
const LAST_WORDS_MS = 1000;

/** A listening socket that an app is put behind. */
export class Listener {
  /** As given. */
  readonly host: string;
  /** The one that was taken, also where 0 was given. */
  readonly port: number;
  readonly #server: Server;
  #app: Hono<Env> | undefined;
  #draining = false;
  #active = 0;

  /** Use {@link listen}. */
  constructor(server: Server, host: string) {
    this.host = host;
    this.port = (server.address() as AddressInfo).port;
    this.#server = server;
    const answer = getRequestListener((request, env) => this.#answer(request, env), {
      hostname: "localhost",
      errorHandler: (error) => describe(error).toResponse(),
      // It would break the connection half a second after a 413 that the client, busy sending, has not read yet.
      autoCleanupIncoming: false,
    });
    const openReplies = new OpenReplies();
    server.on("connection", (socket: Socket) => openReplies.watch(socket));
    const handle = (incoming: IncomingMessage, outgoing: ServerResponse) => {
      this.#active++;
      openReplies.add(incoming.socket, outgoing);
      outgoing.once("close", () => {
        this.#active--;
        this.#closeWhenDrained();
      });
      outgoing.once("finish", () => discardRest(incoming));
      if (incoming.url === "*") incoming.url = "/*";
      void answer(incoming, outgoing);
    };
    server.on("request", handle);
    server.on("checkContinue", (incoming: IncomingMessage, outgoing: ServerResponse) => {
      // Only when the body is read: what is refused by its headers need not be sent.
      incoming.once("resume", () => {
        if (!outgoing.headersSent) outgoing.writeContinue();
      });
      handle(incoming, outgoing);
    });
  }

  /** The address for people and clients on this machine. */
  get url(): string {
    const everywhere = this.host === "0.0.0.0" || this.host === "::";
    const host = everywhere ? "localhost" : this.host.includes(":") ? `[${this.host}]` : this.host;
    return `http://${host}:${this.port}`;
  }

  /** From now on requests go to `app`; before, they get a 503. */
  attach(app: Hono<Env>): void {
    this.#app = app;
  }

  /**
   * Stops accepting, lets running requests end, then closes. New requests on open connections get a 503.
   * @param timeoutMs after which what still runs is cut off
   * @param endAll called then; makes running requests fail, so that their clients are told before the connections close
   * @returns true when everything ended by itself
   */
  async drain(timeoutMs: number, endAll?: () => void): Promise<boolean> {
    this.#draining = true;
    const closed = new Promise<true>((resolve) => this.#server.close(() => resolve(true)));
    this.#closeWhenDrained();
    const drained = await within(timeoutMs, closed);
    if (!drained && endAll) {
      endAll();
      await within(LAST_WORDS_MS, closed);
    }
    this.#server.closeAllConnections();
    await closed;
    return drained;
  }

  /** Connections without a request (browsers open them ahead) would hold the server open. */
  #closeWhenDrained(): void {
    if (this.#draining && this.#active === 0) this.#server.closeAllConnections();
  }

  #answer(request: Request, env: object): Response | Promise<Response> {
    if (this.#app && !this.#draining) return this.#app.fetch(request, env);
    const message = this.#draining ? "The server is shutting down." : "The model is being loaded; try again soon.";
    const headers = { "retry-after": "1", connection: "close" };
    return new ApiError({ status: 503, message, headers }).toResponse();
  }
}

/** Listens on a port. @throws INVALID_ARGUMENT that says what to do when that is not possible */
export async function listen({ host = "127.0.0.1", port = 8000 }: ListenOptions = {}): Promise<Listener> {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS });
  // Node would listen on all interfaces.
  checkArgument(host !== "", "--host must not be empty; leave it out for 127.0.0.1, or give 0.0.0.0 for all", "host");
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => reject(explain(cause, host, port)));
    server.listen(port, host, resolve);
  });
  return new Listener(server, host);
}

/** `done`, or false when that takes longer. */
async function within(timeoutMs: number, done: Promise<true>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  const result = await Promise.race([done, timeout]);
  clearTimeout(timer);
  return result;
}

function explain(cause: NodeJS.ErrnoException, host: string, port: number): OctavoError {
  const address = `${host}:${port}`;
  const [message, param] =
    cause.code === "EADDRINUSE"
      ? [`${address} is in use by another process; stop that one, or choose another port with --port or PORT`, "port"]
      : cause.code === "EACCES"
        ? [`this user may not listen on ${address}; choose a port above 1023 with --port`, "port"]
        : [`cannot listen on ${address} (${cause.message}); --host must be an address of this machine`, "host"];
  return new OctavoError({ code: "INVALID_ARGUMENT", message, param, cause });
}

function describe(error: unknown): ApiError {
  if (error instanceof RequestError) return badRequest(`The request is not valid HTTP: ${error.message}`);
  return new ApiError({ status: 500, message: "Internal error." });
}
