// What every route of one app shares, and what travels with a request.
import type { Engine } from "@octavo/engine";
import type { Handler } from "hono";
import type { Logger } from "pino";
import type { PromptLimits } from "./fields/prompt-limits.js";
import type { Metrics } from "./metrics/metrics.js";

export interface ServerContext {
  readonly engine: Engine;
  readonly metrics: Metrics;
  readonly limits: PromptLimits;
  readonly logger: Logger;
  /** Names that requests may use; the first one stands in replies when a request names none. */
  readonly servedModelNames: readonly string[];
  readonly apiKeys: readonly string[];
  readonly maxBodyBytes: number;
  /** Unix seconds of the app's start. */
  readonly created: number;
}

/** Hono's environment: values that routes leave for the access log. */
export interface Env {
  Variables: {
    requestId: string;
    /** The route's pattern, for metrics; unset where no route matched. */
    handler?: string;
    /** Set by a streaming route: fulfilled when the stream is over. */
    finished?: Promise<void>;
    /** Tokens so far, for the log. */
    tokens?: () => { promptTokens: number; completionTokens: number };
  };
}

export type RouteHandler = Handler<Env>;
