// Puts the routes together. Needs no socket: `app.request()` reaches everything.
import type { Engine } from "@octavo/engine";
import { Hono } from "hono";
import { type Logger, pino } from "pino";
import type { Env, RouteHandler, ServerContext } from "./context.js";
import { ApiError, badRequest } from "./errors/api-error.js";
import { handleError } from "./errors/handle-error.js";
import { PromptLimits } from "./fields/prompt-limits.js";
import { Metrics } from "./metrics/metrics.js";
import { abortable } from "./middleware/abortable.js";
import { accessLog } from "./middleware/access-log.js";
import { bearerAuth } from "./middleware/bearer-auth.js";
import type { Method } from "./openapi/api-route.js";
import { openApiDocument } from "./openapi/document.js";
import { DEVELOPMENT_ROUTES } from "./routes/development/table.js";
import { docsRoutes } from "./routes/docs/route.js";
import { type KvCacheRouteOptions, kvCacheRoutes } from "./routes/kv-cache/table.js";
import { readPage } from "./routes/page/files.js";
import { pageFile } from "./routes/page/route.js";
import { API_ROUTES } from "./routes/table.js";
import { RunningRequests } from "./running-requests.js";

/** What an app is called, who may use it and what it logs. */
export interface AppOptions extends KvCacheRouteOptions {
  /** Names that requests may use for the model; at least one. */
  readonly servedModelNames: readonly [string, ...string[]];
  /** Keys that clients must send one of. Default: none needed. */
  readonly apiKeys?: readonly string[];
  /** Default: silent. */
  readonly logger?: Logger;
  /** Requests that the engine holds at most (its `maxNumQueuedReqs`): more prompts in one request get a 400. Default 4096. */
  readonly maxNumQueuedReqs?: number;
  /** Larger request bodies get a 413. Default 16 MiB. */
  readonly maxBodyBytes?: number;
  /** Write the bodies of requests, and so prompts, to the log. Default false. */
  readonly logRequests?: boolean;
  /** Serve the routes that control the engine: /pause, /collective_rpc and others. Default false. */
  readonly developmentMode?: boolean;
  /** Jinja source of the template for chats. Default: the model's own. */
  readonly chatTemplate?: string;
  /** Variables for it (`chat_template_kwargs`) where a request does not set them. Default: none. */
  readonly defaultChatTemplateKwargs?: Readonly<Record<string, unknown>>;
  /** No /openapi.json and no /docs. Default false. */
  readonly disableDocs?: boolean;
}

/** Routes that need no key: probes and scrapers, beside the pages' files, since the pages ask for a key themselves. */
const OPEN_PATHS = API_ROUTES.flatMap(({ open, path }) => (open ? [path] : []));

/** An OpenAI-compatible app over `engine`. Disposing of the engine is the caller's business. */
export function createApp(engine: Engine, options: AppOptions): Hono<Env> {
  const context: ServerContext = {
    engine,
    metrics: new Metrics(engine, options.servedModelNames[0]),
    limits: new PromptLimits(engine, options.maxNumQueuedReqs ?? 4096),
    running: new RunningRequests(),
    logger: options.logger ?? pino({ level: "silent" }),
    servedModelNames: options.servedModelNames,
    apiKeys: options.apiKeys ?? [],
    logRequests: options.logRequests ?? false,
    chatTemplate: options.chatTemplate,
    defaultChatTemplateKwargs: options.defaultChatTemplateKwargs ?? {},
    maxBodyBytes: options.maxBodyBytes ?? 16 * 2 ** 20,
    created: Math.floor(Date.now() / 1000),
  };
  const development = options.developmentMode ? DEVELOPMENT_ROUTES : [];
  const routes = [...API_ROUTES, ...development, ...kvCacheRoutes(options)];
  const page = readPage();
  const docs = options.disableDocs
    ? new Map<string, RouteHandler>()
    : docsRoutes(openApiDocument(routes, context.apiKeys.length > 0));
  const app = new Hono<Env>();
  app.use(accessLog(context));
  if (context.apiKeys.length > 0)
    app.use(bearerAuth(context.apiKeys, new Set([...OPEN_PATHS, ...docs.keys(), ...page.keys()])));

  for (const { methods, path, handler, generates, refusedByPooling } of routes) {
    const refuses = refusedByPooling && engine.info.pooling !== undefined;
    const answer = refuses ? refuse(context) : handler(context);
    route(app, methods, path, generates ? abortable(context.running, answer) : answer);
  }
  for (const [path, handler] of docs) route(app, ["GET"], path, handler);
  for (const [path, file] of page) route(app, ["GET"], path, pageFile(file));

  app.notFound((c) => {
    const message = `There is no route ${c.req.path.slice(0, 256)}.`;
    return new ApiError({ status: 404, message }).toResponse();
  });
  app.onError(handleError(context));
  return app;
}

/** In place of routes that generate, where the engine makes embeddings. */
function refuse({ servedModelNames: [name] }: ServerContext): RouteHandler {
  return () => {
    throw badRequest(`The model \`${name}\` makes embeddings and generates nothing; use /v1/embeddings.`, "model");
  };
}

/** Registers a handler, and a 405 for every other method of its path. */
function route(app: Hono<Env>, methods: readonly [Method, ...Method[]], path: string, handler: RouteHandler): void {
  app.on([...methods], path, (c, next) => {
    c.set("handler", path);
    return handler(c, next);
  });
  const allow = methods.includes("GET") ? ["GET", "HEAD", ...methods.slice(1)].join(", ") : methods.join(", ");
  app.all(path, (c) => {
    c.set("handler", path);
    const message = `${c.req.method} is not allowed on ${path}; use ${methods.join(" or ")}.`;
    throw new ApiError({ status: 405, message, headers: { allow } });
  });
}
