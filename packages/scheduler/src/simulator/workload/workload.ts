// A synthetic workload: when requests arrive, how long they are, what they share.
import { checkArgument } from "@octavo/core";
import { Random, RandomStream } from "../random.js";
import type { TracedRequest } from "../trace/traced-request.js";
import { parseLengths } from "./lengths.js";

export interface WorkloadOptions {
  readonly numPrompts: number;
  /** Requests a second; Infinity: all at once. */
  readonly requestRate: number;
  /** Shape of the gamma distribution of the gaps, as in vLLM's benchmark: 1, the default, is a Poisson process, less is burstier. */
  readonly burstiness?: number;
  /** Lengths of the part of a prompt that is a request's own, and of outputs: see `parseLengths`. */
  readonly inputLen: string;
  readonly outputLen: string;
  /** Prefixes of `prefixLen` tokens, of which each request has one, each as often. Default 0: none. */
  readonly numPrefixes?: number;
  readonly prefixLen?: number;
  /** How much of the requests each tenant sends, each priority from 0 on has. Default: all alike. */
  readonly tenants?: readonly number[];
  readonly priorities?: readonly number[];
  /** Default 0. */
  readonly seed?: number;
}

/** @returns requests in order of arrival; the same options give the same ones */
export function createWorkload(options: WorkloadOptions): TracedRequest[] {
  const { numPrompts, requestRate, burstiness = 1, numPrefixes = 0, prefixLen = 0, seed = 0 } = options;
  const { tenants = [], priorities = [] } = options;
  checkArgument(numPrefixes === 0 || prefixLen >= 1, `${numPrefixes} prefixes need a prefix length`, "prefixLen");
  const stream = (name: keyof typeof RandomStream) => new Random(seed, RandomStream[name]);
  const gaps = stream("arrivals");
  const inputLengths = parseLengths(options.inputLen, stream("inputLengths"), 0);
  const outputLengths = parseLengths(options.outputLen, stream("outputLengths"), numPrompts);
  const prefixes = stream("prefixes");
  const tenant = stream("tenants");
  const priority = stream("priorities");
  let arrival = 0;
  return Array.from({ length: numPrompts }, (_, i) => {
    if (i > 0 && Number.isFinite(requestRate)) arrival += gaps.gamma(burstiness) / (burstiness * requestRate);
    const own = inputLengths();
    const id = numPrefixes > 0 ? prefixes.integer(0, numPrefixes - 1) : 0;
    return {
      arrival,
      promptTokens: own + (numPrefixes > 0 ? prefixLen : 0),
      outputTokens: outputLengths(),
      ...(numPrefixes > 0 && { prefixes: [{ id, tokens: prefixLen }] }),
      ...(priorities.length > 0 && { priority: priority.pick(priorities) }),
      ...(tenants.length > 0 && { tenant: String(tenant.pick(tenants)) }),
    };
  });
}
