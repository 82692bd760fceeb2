// Everything /metrics shows, under vLLM's names with our prefix, in registries of the app's own.
import type { Engine } from "@octavo/engine";
import { Counter, Histogram, Registry } from "prom-client";
import { LATENCY_BUCKETS, lengthBuckets, REQUEST_BUCKETS, SIZE_BUCKETS } from "./buckets.js";
import { registerEngineMetrics } from "./engine-metrics.js";

const FINISHED_REASONS = ["stop", "length", "abort", "error", "repetition"] as const;

export type FinishedReason = (typeof FINISHED_REASONS)[number];

export class Metrics {
  readonly timeToFirstToken: Histogram;
  readonly interTokenLatency: Histogram;
  readonly e2eLatency: Histogram;
  readonly promptTokens: Histogram;
  readonly generationTokens: Histogram;
  readonly queueTime: Histogram;
  readonly prefillTime: Histogram;
  readonly decodeTime: Histogram;
  readonly inferenceTime: Histogram;
  readonly timePerOutputToken: Histogram;
  readonly prefillComputedTokens: Histogram;
  readonly maxTokens: Histogram;
  readonly paramsMaxTokens: Histogram;
  readonly paramsN: Histogram;
  readonly promptTokensBySource: Counter<"source">;
  readonly requestSuccess: Counter<"finished_reason">;
  /** Requests for generation that are being answered. */
  serverLoad = 0;
  readonly httpRequests: Counter<"handler" | "method" | "status">;
  readonly httpDuration: Histogram<"handler" | "method">;
  readonly httpRequestSize: Histogram<"handler">;
  readonly httpResponseSize: Histogram<"handler">;
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
    this.e2eLatency = this.#histogram("e2e_request_latency_seconds", "From submission to the end.", REQUEST_BUCKETS);
    const part = (name: string, help: string) => this.#histogram(`request_${name}_seconds`, help, REQUEST_BUCKETS);
    this.queueTime = part("queue_time", "From submission until the request is first scheduled.");
    this.prefillTime = part("prefill_time", "From being scheduled to the first token.");
    this.decodeTime = part("decode_time", "From the first token to the last.");
    this.inferenceTime = part("inference_time", "From being scheduled to the last token.");
    this.timePerOutputToken = this.#histogram(
      "request_time_per_output_token_seconds",
      "Mean time of a request's tokens after the first.",
      LATENCY_BUCKETS,
    );
    this.prefillComputedTokens = this.#histogram(
      "request_prefill_kv_computed_tokens",
      "Prompt tokens of a request that were computed, not found in the prefix cache.",
      lengths,
    );
    this.maxTokens = this.#histogram(
      "request_max_num_generation_tokens",
      "Tokens of a request's longest output.",
      lengths,
    );
    this.paramsMaxTokens = this.#histogram("request_params_max_tokens", "max_tokens, where requests set it.", lengths);
    this.paramsN = this.#histogram("request_params_n", "Outputs a prompt that requests ask for.", [1, 2, 5, 10, 20]);
    this.promptTokensBySource = new Counter({
      name: "octavo:prompt_tokens_by_source_total",
      help: "Prompt tokens by where their keys and values came from.",
      labelNames: ["source"],
      registers: [this.#engine],
    });
    this.promptTokens = this.#histogram("request_prompt_tokens", "Prompt tokens of a request.", lengths);
    this.generationTokens = this.#histogram("request_generation_tokens", "Generated tokens of a request.", lengths);
    this.requestSuccess = new Counter({
      name: "octavo:request_success_total",
      help: "Requests that ended, by reason.",
      labelNames: ["finished_reason"],
      registers: [this.#engine],
    });
    for (const reason of FINISHED_REASONS) this.requestSuccess.inc({ finished_reason: reason }, 0);
    this.httpRequests = new Counter({
      name: "http_requests_total",
      help: "HTTP requests by route, method and class of status.",
      labelNames: ["handler", "method", "status"],
      registers: [this.#http],
    });
    this.httpDuration = new Histogram({
      name: "http_request_duration_seconds",
      help: "From a request's head to the last byte of its reply.",
      labelNames: ["handler", "method"],
      buckets: [...REQUEST_BUCKETS],
      registers: [this.#http],
    });
    this.httpRequestSize = this.#sizes("http_request_size_bytes", "Request bodies, by Content-Length.");
    this.httpResponseSize = this.#sizes("http_response_size_bytes", "Reply bodies, by Content-Length.");
  }

  get contentType(): string {
    return this.#engine.contentType;
  }

  /** The page that Prometheus scrapes. */
  async text(): Promise<string> {
    return `${await this.#engine.metrics()}\n${await this.#http.metrics()}`;
  }

  #sizes(name: string, help: string): Histogram<"handler"> {
    return new Histogram({ name, help, labelNames: ["handler"], buckets: [...SIZE_BUCKETS], registers: [this.#http] });
  }

  #histogram(name: string, help: string, buckets: readonly number[]): Histogram {
    return new Histogram({ name: `octavo:${name}`, help, buckets: [...buckets], registers: [this.#engine] });
  }
}
