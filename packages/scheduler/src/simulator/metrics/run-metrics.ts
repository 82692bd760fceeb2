// Everything that is measured in a run, of all replicas together.
import type { TracedRequest } from "../trace/traced-request.js";
import { Timeline } from "./timeline.js";
import { WeightedSamples } from "./weighted-samples.js";

/** Means of `...Seconds` are levels over time; the others are counts. */
export const SERIES = [
  "promptTokens",
  "outputTokens",
  "runningSeconds",
  "waitingSeconds",
  "kvBlockSeconds",
  "prefixQueries",
  "prefixHits",
  "preemptions",
  "refusals",
  "timeouts",
] as const;

/** What is known of a request while it lasts. */
export class RequestTimes {
  readonly arrival: number;
  readonly promptTokens: number;
  /** Output tokens that it asked for; the engine may end it before, where a sequence cannot be longer. */
  readonly wanted: number;
  /** What it is counted with, beside all: its tenant and its priority, where it has one. */
  readonly groups: readonly string[];
  firstToken = -1;
  lastToken = -1;
  outputTokens = 0;

  constructor({ arrival, promptTokens, outputTokens, tenant, priority }: TracedRequest) {
    this.arrival = arrival;
    this.promptTokens = promptTokens;
    this.wanted = outputTokens;
    this.groups = [
      ...(tenant === undefined ? [] : [`tenant ${tenant}`]),
      ...(priority === undefined ? [] : [`priority ${priority}`]),
    ];
  }
}

/** Latency bounds in seconds; a request is good when it keeps all that are given. */
export interface Goodput {
  readonly ttft?: number;
  /** Time per output token after the first, the mean of a request. */
  readonly tpot?: number;
  /** From arrival to the last token. */
  readonly e2el?: number;
}

export class RunMetrics {
  readonly timeline = new Timeline(SERIES);
  readonly ttft = new WeightedSamples();
  readonly itl = new WeightedSamples();
  readonly tpot = new WeightedSamples();
  readonly e2el = new WeightedSamples();
  readonly queueTime = new WeightedSamples();
  /** Times to the first token, by group of requests. */
  readonly groups = new Map<string, WeightedSamples>();
  completed = 0;
  /** Requests that the scheduler refused, by reason; and the first message that said so. */
  readonly refusals = new Map<string, number>();
  firstRefusal: string | undefined;
  /** Ended because they took too long. */
  timedOut = 0;
  good = 0;
  /** Completed, but with fewer tokens than wanted. */
  cutShort = 0;
  inputTokens = 0;
  outputTokens = 0;
  cachedTokens = 0;
  /** Seconds at which the last request ended. */
  end = 0;
  readonly #goodput: Goodput | undefined;

  constructor(goodput?: Goodput) {
    this.#goodput = goodput;
  }

  get refused(): number {
    let refused = 0;
    for (const count of this.refusals.values()) refused += count;
    return refused;
  }

  refuse(reason: string, message: string, now: number): void {
    this.timeline.add("refusals", now, 1);
    this.firstRefusal ??= message;
    this.refusals.set(reason, (this.refusals.get(reason) ?? 0) + 1);
  }

  token(request: RequestTimes, now: number, cachedTokens: number): void {
    if (request.outputTokens++ === 0) {
      request.firstToken = now;
      this.ttft.add(now - request.arrival);
      for (const group of request.groups) this.#group(group).add(now - request.arrival);
      this.inputTokens += request.promptTokens;
      this.cachedTokens += cachedTokens;
      this.timeline.add("promptTokens", now, request.promptTokens);
    } else {
      this.itl.add(now - request.lastToken);
    }
    request.lastToken = now;
    this.outputTokens++;
  }

  finish({ arrival, firstToken, lastToken, outputTokens, wanted }: RequestTimes): void {
    const tpot = outputTokens > 1 ? (lastToken - firstToken) / (outputTokens - 1) : 0;
    if (outputTokens > 1) this.tpot.add(tpot);
    this.e2el.add(lastToken - arrival);
    this.completed++;
    if (outputTokens < wanted) this.cutShort++;
    this.end = Math.max(this.end, lastToken);
    const { ttft = Infinity, tpot: most = Infinity, e2el = Infinity } = this.#goodput ?? {};
    if (firstToken - arrival <= ttft && tpot <= most && lastToken - arrival <= e2el) this.good++;
  }

  timeOut(now: number): void {
    this.timedOut++;
    this.timeline.add("timeouts", now, 1);
    this.end = Math.max(this.end, now);
  }

  #group(name: string): WeightedSamples {
    const samples = this.groups.get(name) ?? new WeightedSamples();
    this.groups.set(name, samples);
    return samples;
  }
}
