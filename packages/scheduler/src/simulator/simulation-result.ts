// What a run found, as numbers with units, ready for JSON.
import type { Goodput, RunMetrics } from "./metrics/run-metrics.js";
import type { Distribution, WeightedSamples } from "./metrics/weighted-samples.js";
import type { Replica } from "./replica.js";
import type { TracedRequest } from "./trace/traced-request.js";

/** Bins of virtual time, and what happened in each. */
export interface TimeSeries {
  readonly binSeconds: number;
  readonly promptTokensPerSecond: readonly number[];
  readonly outputTokensPerSecond: readonly number[];
  /** Means over the bin, of all replicas together. */
  readonly running: readonly number[];
  readonly waiting: readonly number[];
  /** From 0 to 1. */
  readonly kvUse: readonly number[];
  /** Share of the looked up prompt tokens that were cached, from 0 to 1. */
  readonly prefixHitRate: readonly number[];
  readonly preemptionsPerSecond: readonly number[];
  readonly refusalsPerSecond: readonly number[];
  readonly timeoutsPerSecond: readonly number[];
}

/** Seconds at each percent from 0 to 100. */
export interface LatencyCurves {
  readonly ttft: readonly number[];
  readonly itl: readonly number[];
  readonly queueTime: readonly number[];
}

export interface SimulationResult {
  readonly requests: number;
  readonly completed: number;
  /** Requests that the scheduler refused, how many for which reason, and what it said to the first one. */
  readonly refused: number;
  readonly refusals: Readonly<Record<string, number>>;
  readonly firstRefusal: string | undefined;
  /** Requests that were ended because they took longer than `timeout`. Their tokens count, their ends do not. */
  readonly timedOut: number;
  /** Completed requests that got fewer tokens than they asked for, and what bounds a sequence: `max_model_len` or the KV cache. */
  readonly cutShort: number;
  readonly longestBy: "max_model_len" | "the KV cache";
  /** From the first arrival to the last token, in virtual seconds. */
  readonly duration: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly requestsPerSecond: number;
  readonly inputTokensPerSecond: number;
  readonly outputTokensPerSecond: number;
  /** Latency bounds in seconds, and the completed requests that kept them; all, when there are none. */
  readonly goodput: Goodput | undefined;
  readonly good: number;
  /** Latencies in seconds. */
  readonly ttft: Distribution;
  readonly itl: Distribution;
  readonly tpot: Distribution;
  readonly e2el: Distribution;
  readonly queueTime: Distribution;
  /** Time to the first token of the requests of `tenant NAME` and of `priority NUMBER`. */
  readonly ttftOf: Readonly<Record<string, Distribution>>;
  readonly preemptions: number;
  /** Prompt tokens that were found in the prefix cache, of those that were looked up; from 0 to 1. */
  readonly prefixHitRate: number;
  /** Requests of all replicas together: mean over the run, and of the bin of time with the most. Waiting ones that grow in number are too many. */
  readonly runningMean: number;
  readonly runningPeak: number;
  readonly waitingMean: number;
  readonly waitingPeak: number;
  /** Likewise, from 0 to 1. */
  readonly kvUseMean: number;
  readonly kvUsePeak: number;
  readonly steps: number;
  /** Share of time in which the replicas' devices ran a step, from 0 to 1. */
  readonly utilization: number;
  readonly series: TimeSeries;
  readonly curves: LatencyCurves;
}

/** What the run was asked for, as far as the result repeats it. */
interface Asked {
  readonly goodput?: Goodput | undefined;
  readonly scheduler: { readonly maxModelLen: number };
}

const PERCENTS = Array.from({ length: 101 }, (_, percent) => percent);

export function summarize(
  metrics: RunMetrics,
  replicas: readonly Replica[],
  requests: readonly TracedRequest[],
  { goodput, scheduler }: Asked,
): SimulationResult {
  const { completed, refused, firstRefusal, timedOut, cutShort, inputTokens, outputTokens, good } = metrics;
  const duration = metrics.end - (requests[0]?.arrival ?? 0);
  const perSecond = (amount: number) => (duration > 0 ? amount / duration : 0);
  const total = (count: (replica: Replica) => number) => replicas.reduce((sum, replica) => sum + count(replica), 0);
  const queries = total((replica) => replica.prefixCacheQueries);
  const kvBlocks = total((replica) => replica.kvBlocksTotal);
  const series = timeSeries(metrics, kvBlocks);
  const curve = (samples: WeightedSamples) => samples.percentiles(PERCENTS);
  const groups = [...metrics.groups].sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }));
  return {
    requests: requests.length,
    completed,
    refused,
    refusals: Object.fromEntries(metrics.refusals),
    firstRefusal,
    timedOut,
    cutShort,
    longestBy: scheduler.maxModelLen <= replicas[0]!.longestSequence + 1 ? "max_model_len" : "the KV cache",
    duration,
    inputTokens,
    outputTokens,
    requestsPerSecond: perSecond(completed),
    inputTokensPerSecond: perSecond(inputTokens),
    outputTokensPerSecond: perSecond(outputTokens),
    goodput,
    good,
    ttft: metrics.ttft.distribution(),
    itl: metrics.itl.distribution(),
    tpot: metrics.tpot.distribution(),
    e2el: metrics.e2el.distribution(),
    queueTime: metrics.queueTime.distribution(),
    ttftOf: Object.fromEntries(groups.map(([name, samples]) => [name, samples.distribution()])),
    preemptions: total((replica) => replica.numPreemptions),
    prefixHitRate: queries > 0 ? total((replica) => replica.prefixCacheHits) / queries : 0,
    runningMean: perSecond(metrics.timeline.total("runningSeconds")),
    runningPeak: peak(series.running),
    waitingMean: perSecond(metrics.timeline.total("waitingSeconds")),
    waitingPeak: peak(series.waiting),
    kvUseMean: perSecond(metrics.timeline.total("kvBlockSeconds")) / kvBlocks,
    kvUsePeak: peak(series.kvUse),
    steps: total((replica) => replica.steps),
    utilization: perSecond(total((replica) => replica.busySeconds)) / replicas.length,
    series,
    curves: { ttft: curve(metrics.ttft), itl: curve(metrics.itl), queueTime: curve(metrics.queueTime) },
  };
}

function peak(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

function timeSeries({ timeline }: RunMetrics, kvBlocks: number): TimeSeries {
  const queries = timeline.perSecond("prefixQueries");
  return {
    binSeconds: timeline.binSeconds,
    promptTokensPerSecond: timeline.perSecond("promptTokens"),
    outputTokensPerSecond: timeline.perSecond("outputTokens"),
    running: timeline.perSecond("runningSeconds"),
    waiting: timeline.perSecond("waitingSeconds"),
    kvUse: timeline.perSecond("kvBlockSeconds").map((blocks) => blocks / kvBlocks),
    prefixHitRate: timeline.perSecond("prefixHits").map((hits, i) => (queries[i]! > 0 ? hits / queries[i]! : 0)),
    preemptionsPerSecond: timeline.perSecond("preemptions"),
    refusalsPerSecond: timeline.perSecond("refusals"),
    timeoutsPerSecond: timeline.perSecond("timeouts"),
  };
}
