// The counters that metrics and the engine read. One live object, changed in place.
import type { StepBudget } from "./budget/step-budget.js";
import type { PauseGate } from "./pause-gate.js";
import type { SchedulingPolicyName } from "./policy/index.js";
import type { SchedulingPolicy } from "./policy/scheduling-policy.js";
import type { SchedulerConfig } from "./scheduler-config.js";

/** Counters of a scheduler: one live object, whose numbers change with every call. */
export interface SchedulerStats {
  /** Requests that hold a row. */
  readonly numRunning: number;
  /** Requests without a row. */
  readonly numWaiting: number;
  /** Times that a request lost its row and blocks to another one. */
  readonly numPreemptions: number;
  /** Of these, to one that the policy puts before it, and not for want of blocks. */
  readonly numOutranked: number;
  /** Tokens looked up in the prefix cache by requests that were admitted for the first time. */
  readonly prefixCacheQueries: number;
  /** Of these, tokens that the device had, so that they need not be computed. */
  readonly prefixCacheHits: number;
  /** Tokens that the device did not have, looked up in the other tiers of the KV cache; and those that were loaded from there. */
  readonly externalPrefixCacheQueries: number;
  readonly externalPrefixCacheHits: number;
  /** Blocks that requests hold. */
  readonly kvBlocksUsed: number;
  /** Blocks that they can hold. */
  readonly kvBlocksTotal: number;
  /** Prompt tokens, computed or cached, of requests that sampled their first token. */
  readonly promptTokens: number;
  /** Sampled tokens that were handed out. */
  readonly generationTokens: number;
  /** Tokens of the plan that was scheduled last, padding not counted. */
  readonly stepTokens: number;
  /** Times that a request's drafts were verified. */
  readonly numDrafts: number;
  /** Tokens of these drafts, and how many of them were right. */
  readonly numDraftTokens: number;
  readonly numAcceptedTokens: number;
}

export type MutableStats = { -readonly [Field in keyof SchedulerStats]: number };

export function createStats(kvBlocksTotal: number): MutableStats {
  return {
    numRunning: 0,
    numWaiting: 0,
    numPreemptions: 0,
    numOutranked: 0,
    prefixCacheQueries: 0,
    prefixCacheHits: 0,
    externalPrefixCacheQueries: 0,
    externalPrefixCacheHits: 0,
    kvBlocksUsed: 0,
    kvBlocksTotal,
    promptTokens: 0,
    generationTokens: 0,
    stepTokens: 0,
    numDrafts: 0,
    numDraftTokens: 0,
    numAcceptedTokens: 0,
  };
}

/** All there is to know of a scheduler, as of now. */
export interface SchedulerSnapshot extends SchedulerStats {
  readonly schedulingPolicy: SchedulingPolicyName;
  readonly isPaused: boolean;
  /** Requests that a pause holds back. */
  readonly numHeld: number;
  /** With a latency target: what a step costs, in ms, as learnt from `steps` measured steps. */
  readonly stepCost?: {
    readonly steps: number;
    readonly meanError: number;
    readonly step: number;
    readonly row: number;
    readonly token: number;
    readonly pair: number;
    readonly prompt: number;
  };
  /** With the policy "fairness": the tenants' counters of weighted tokens. */
  readonly tenants?: Readonly<Record<number, number>>;
}

export function snapshotOf(
  stats: SchedulerStats,
  { schedulingPolicy }: Required<SchedulerConfig>,
  policy: SchedulingPolicy,
  { latency }: StepBudget,
  { isPaused, held }: PauseGate,
): SchedulerSnapshot {
  return {
    ...stats,
    schedulingPolicy,
    isPaused,
    numHeld: held.length,
    ...(latency && {
      stepCost: {
        steps: latency.model.steps,
        meanError: latency.model.meanError,
        ...latency.model.coefficients(),
      },
    }),
    ...(policy.counters && { tenants: Object.fromEntries(policy.counters()) }),
  };
}
