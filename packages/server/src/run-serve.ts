// `octavo serve`: listen, load, answer.
import { type EngineOptions, LLM } from "@octavo/engine";
import { createApp } from "./app.js";
import { banner } from "./banner.js";
import { DownloadBar } from "./cli/download-bar.js";
import type { KvEventsConfig } from "./cli/kv-events-config.js";
import { DEFAULT_MODEL_NAME, defaultModelFolder } from "./default-model.js";
import { loadProgress } from "./logging/load-progress.js";
import { logSpeculation } from "./logging/log-speculation.js";
import { logWarnings } from "./logging/log-warnings.js";
import { createLogger, type LogFormat, type LogLevel } from "./logging/logger.js";
import { listen } from "./serve.js";
import { drainOnSignal } from "./shutdown.js";

/** Flags of `octavo serve`, as commander names them. */
export interface ServeFlags extends EngineOptions {
  readonly host: string;
  readonly port: number;
  readonly servedModelName?: readonly [string, ...string[]];
  readonly apiKey?: readonly string[];
  /** Seconds. */
  readonly shutdownTimeout: number;
  readonly logLevel: LogLevel;
  readonly logFormat?: LogFormat;
  readonly enableLogRequests?: boolean;
  readonly disableFastapiDocs?: boolean;
  readonly kvEventsConfig?: KvEventsConfig;
  /** Jinja source. */
  readonly chatTemplate?: string;
  readonly defaultChatTemplateKwargs?: Readonly<Record<string, unknown>>;
  /** The file of flags, which is read by then. */
  readonly config?: string;
}

/** Serves until a signal comes. @throws OctavoError when the server cannot start */
export async function runServe(model: string | undefined, flags: ServeFlags): Promise<void> {
  const { host, port, servedModelName, apiKey, shutdownTimeout, ...others } = flags;
  const {
    logLevel,
    logFormat,
    enableLogRequests,
    disableFastapiDocs,
    kvEventsConfig,
    chatTemplate,
    defaultChatTemplateKwargs,
    config: _,
    ...engineOptions
  } = others;
  const folder = model ?? (await defaultModelFolder());
  const servedModelNames = servedModelName ?? ([model ?? DEFAULT_MODEL_NAME] as const);
  const apiKeys = apiKey ?? (process.env.OCTAVO_API_KEY ? [process.env.OCTAVO_API_KEY] : []);
  const logger = createLogger(logLevel, logFormat);
  logWarnings(logger);

  const { maxNumQueuedReqs } = engineOptions;
  // The port first: it fails in a millisecond, a large model loads for a minute.
  const listener = await listen({ host, port });
  const bar = new DownloadBar((text) => logger.info(text));
  const progress = loadProgress(process.stderr, logger);
  const load = LLM.load(folder, { ...engineOptions, onDownloadProgress: bar.update }, progress);
  const engine = await load.finally(() => progress.end());
  const developmentMode = isSet(process.env.OCTAVO_SERVER_DEV_MODE) || isSet(process.env.VLLM_SERVER_DEV_MODE);
  const closing = new AbortController();
  const appOptions = {
    developmentMode,
    kvEvents: kvEventsConfig?.enableKvCacheEvents ?? false,
    closing: closing.signal,
    logRequests: enableLogRequests,
    disableDocs: disableFastapiDocs,
    chatTemplate,
    defaultChatTemplateKwargs,
  };
  if (developmentMode) logger.warn("development mode: who reaches this server controls its engine");
  listener.attach(createApp(engine, { servedModelNames, apiKeys, logger, maxNumQueuedReqs, ...appOptions }));
  if (engineOptions.speculativeConfig !== undefined) logSpeculation(engine, logger);
  drainOnSignal(listener, engine, logger, shutdownTimeout * 1000, () => closing.abort());
  const { hasTokenizer } = engine;
  const needsKey = apiKeys.length > 0;
  process.stdout.write(banner(listener.url, servedModelNames[0], engine.info, { needsKey, hasTokenizer }));
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "" && value !== "0";
}
