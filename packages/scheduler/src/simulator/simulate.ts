// Runs requests through replicas in virtual time. Events are arrivals and ends of steps; between them nothing happens.
import { assertInternal, checkArgument } from "@octavo/core";
import { Heap } from "../heap.js";
import { type Goodput, RunMetrics } from "./metrics/run-metrics.js";
import { Replica, type ReplicaOptions } from "./replica.js";
import { createRouter } from "./routing/create-router.js";
import { type SimulationResult, summarize } from "./simulation-result.js";
import { promptTokenIds, type TracedRequest } from "./trace/traced-request.js";

export interface SimulationOptions extends ReplicaOptions {
  /** Engines that share the load. Default: 1. */
  readonly replicas?: number;
  /** `round-robin` (the default), `least-loaded` or `prefix-aware`. */
  readonly routingPolicy?: string;
  /** Latency bounds, to count the requests that keep them. */
  readonly goodput?: Goodput;
  /** Called with the requests that arrived so far, now and then. */
  readonly onProgress?: (arrived: number) => void;
}

const PROGRESS_INTERVAL = 1000;

/**
 * Simulates until every request has ended. Equal arguments give equal results, to the bit.
 * @param requests in order of arrival
 * @throws INVALID_ARGUMENT for a configuration that cannot work
 */
export function simulate(requests: readonly TracedRequest[], options: SimulationOptions): SimulationResult {
  const { replicas: count = 1, routingPolicy = "round-robin", goodput } = options;
  checkArgument(Number.isSafeInteger(count) && count >= 1, `${count} replicas: there must be 1 or more`, "replicas");
  const metrics = new RunMetrics(goodput);
  const replicas = Array.from({ length: count }, (_, i) => new Replica(i, options, metrics));
  const fleet = { size: count, unfinished: (index: number) => replicas[index]!.unfinished };
  const router = createRouter(routingPolicy, fleet, options.kvCache);
  // The replicas that have something to do, the earliest first; of equal times the lower index, so that runs repeat exactly.
  const events = new Heap<Replica>(
    (a, b) => a.nextEvent < b.nextEvent || (a.nextEvent === b.nextEvent && a.index < b.index),
  );
  const tenants = new Map<string | undefined, number>();

  const advance = (until: number) => {
    while (events.length > 0 && events.first!.nextEvent < until) {
      const replica = events.shift();
      const time = replica.nextEvent;
      replica.collect();
      launch(replica, time);
    }
  };
  const launch = (replica: Replica, now: number) => {
    replica.launch(now);
    if (replica.nextEvent < Number.POSITIVE_INFINITY) events.push(replica);
  };

  const reached = new Set<Replica>();
  for (let i = 0; i < requests.length; ) {
    const { arrival } = requests[i]!;
    advance(arrival);
    // All that arrive at one instant are there before anything is launched, and before a step's end at that instant.
    for (; i < requests.length && requests[i]!.arrival === arrival; i++) {
      const request = requests[i]!;
      const promptTokens = promptTokenIds(request, i);
      const replica = replicas[router.route(promptTokens)]!;
      if (!tenants.has(request.tenant)) tenants.set(request.tenant, tenants.size);
      if (replica.add(i, request, promptTokens, tenants.get(request.tenant)!)) reached.add(replica);
      if (i % PROGRESS_INTERVAL === 0) options.onProgress?.(i);
    }
    for (const replica of reached) if (replica.nextEvent === Number.POSITIVE_INFINITY) launch(replica, arrival);
    reached.clear();
  }
  advance(Number.POSITIVE_INFINITY);
  for (const replica of replicas) replica.checkInvariants();
  const left = replicas.reduce((sum, { unfinished }) => sum + unfinished, 0);
  const total = metrics.completed + metrics.refused + metrics.timedOut;
  assertInternal(
    left === 0 && total === requests.length,
    `of ${requests.length} requests ${total} ended, ${left} are left`,
  );
  return summarize(metrics, replicas, requests, options);
}
