// What every route of one app shares, and what travels with a request.
import type { Engine } from "@octavo/engine";
import type { Handler } from "hono";
import type { Logger } from "pino";
import type { PromptLimits } from "./fields/prompt-limits.js";
import type { Metrics } from "./metrics/metrics.js";
import type { RunningRequests } from "./running-requests.js";

export interface ServerContext {
  readonly engine: Engine;
  readonly metrics: Metrics;
  readonly limits: PromptLimits;
  readonly running: RunningRequests;
  readonly logger: Logger;
  /** Names that requests may use; the first one stands in replies when a request names none. */
  readonly servedModelNames: readonly string[];
  readonly apiKeys: readonly string[];
  /** Instead of the model's own; undefined: that one. */
  readonly chatTemplate: string | undefined;
  /** Where a request does not set them. */
  readonly defaultChatTemplateKwargs: Readonly<Record<string, unknown>>;
  readonly maxBodyBytes: number;
  /** Whether bodies of requests, and so prompts, go to the log. */
  readonly logRequests: boolean;
  /** Unix seconds of the app's start. */
  readonly created: number;
}

/** Hono's environment: values that routes leave for the access log. */
export interface Env {
  Variables: {
    requestId: string;
    /** Which of the server's keys the request came with; unset where none is needed. */
    keyIndex?: number;
    /** The route's pattern, for metrics; unset where no route matched. */
    handler?: string;
    /** Of a route that generates: aborted when the request shall end. */
    signal: AbortSignal;
    /** Set by a streaming route: fulfilled when the stream is over. */
    finished?: Promise<void>;
    /** What the log says of the request's generations or texts, as of now. */
    summary?: () => GenerationSummary | EmbeddingSummary;
  };
}

/** Of all generations of one request; milliseconds. */
export interface GenerationSummary {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly completionTokens: number;
  /** The longest wait of one of them; absent before the first token. */
  readonly queueMs?: number;
  /** Until the first token of any of them. */
  readonly ttftMs?: number;
  readonly finishReasons: string;
}

/** Of all texts of one request. */
export interface EmbeddingSummary {
  readonly promptTokens: number;
  readonly texts: number;
}

export type RouteHandler = Handler<Env>;
