// Everything /metrics shows, under vLLM's names with our prefix, in registries of the app's own.
import type { Engine } from "@octavo/engine";
import { Counter, Histogram, Registry } from "prom-client";
import { LATENCY_BUCKETS, lengthBuckets } from "./buckets.js";
import { registerEngineMetrics } from "./engine-metrics.js";

export type FinishedReason = "stop" | "length" | "abort" | "error";

export class Metrics {
  readonly timeToFirstToken: Histogram;
  readonly interTokenLatency: Histogram;
  readonly e2eLatency: Histogram;
  readonly promptTokens: Histogram;
  readonly generationTokens: Histogram;
  readonly requestSuccess: Counter<"finished_reason">;
  /** Requests for generation that are being answered. */
  serverLoad = 0;
  readonly httpRequests: Counter<"handler" | "method" | "status">;
  // The engine's registry carries default labels, which cost nothing when a value is observed; HTTP metrics have none.
  readonly #engine = new Registry();
  readonly #http = new Registry();

  constructor(engine: Engine, modelName: string) {
    this.#engine.setDefaultLabels({ model_name: modelName, engine: "0" });
    registerEngineMetrics(this.#engine, engine);
    const lengths = lengthBuckets(engine.info.maxModelLen);
    this.timeToFirstToken = this.#histogram(
      "time_to_first_token_seconds",
      "From submission to the first token.",
      LATENCY_BUCKETS,
    );
    this.interTokenLatency = this.#histogram(
      "inter_token_latency_seconds",
      "Between two tokens of a request.",
      LATENCY_BUCKETS,
    );
    this.e2eLatency = this.#histogram("e2e_request_latency_seconds", "From submission to the end.", LATENCY_BUCKETS);
    this.promptTokens = this.#histogram("request_prompt_tokens", "Prompt tokens of a request.", lengths);
    this.generationTokens = this.#histogram("request_generation_tokens", "Generated tokens of a request.", lengths);
    this.requestSuccess = new Counter({
      name: "octavo:request_success_total",
      help: "Requests that ended, by reason.",
      labelNames: ["finished_reason"],
      registers: [this.#engine],
    });
    for (const reason of ["stop", "length", "abort", "error"]) this.requestSuccess.inc({ finished_reason: reason }, 0);
    this.httpRequests = new Counter({
      name: "http_requests_total",
      help: "HTTP requests by route, method and class of status.",
      labelNames: ["handler", "method", "status"],
      registers: [this.#http],
    });
  }

  get contentType(): string {
    return this.#engine.contentType;
  }

  /** The page that Prometheus scrapes. */
  async text(): Promise<string> {
    return `${await this.#engine.metrics()}\n${await this.#http.metrics()}`;
  }

  #histogram(name: string, help: string, buckets: readonly number[]): Histogram {
    return new Histogram({ name: `octavo:${name}`, help, buckets: [...buckets], registers: [this.#engine] });
  }
}
