// The scheduler's limits, under vLLM's names.
import { checkArgument } from "@octavo/core";
import { SCHEDULING_POLICIES, type SchedulingPolicyName } from "./policy/index.js";

/** The limits of a scheduler. */
export interface SchedulerConfig {
  /** Requests that run at once: rows of the device tables. */
  readonly maxNumSeqs: number;
  /** Tokens of all requests in one step. */
  readonly maxNumBatchedTokens: number;
  /** Prompt and output tokens of one request. */
  readonly maxModelLen: number;
  /** Unfinished requests, running or waiting; more are refused with QUEUE_FULL. Default: no limit. */
  readonly maxNumQueuedReqs?: number;
  /** Who is served first, see policy/. Default: "fcfs". */
  readonly schedulingPolicy?: SchedulingPolicyName;
  /**
   * Tokens of one request in one step, so that long prompts leave room for others; longer prompts are long ones. 0, the default: no
   * limit, or with `maxNumPartialPrefills` above 1 four hundredths of `maxModelLen`.
   */
  readonly longPrefillTokenThreshold?: number;
  /** Requests that may be in the middle of their prompts after a step. Default: no limit. */
  readonly maxNumPartialPrefills?: number;
  /** Long ones of these; below `maxNumPartialPrefills` short prompts pass long ones that wait. Default: no limit. */
  readonly maxLongPartialPrefills?: number;
  /**
   * Whether prompts may be computed in parts. Default true. Without, one waits until a step has room for all of it, so that
   * `maxNumBatchedTokens` must reach `maxModelLen`, and no option that bounds the parts may be given.
   */
  readonly enableChunkedPrefill?: boolean;
  /**
   * Prompts get only so many tokens that a step takes no longer than this, in ms, while another request waits for its next token.
   * 0, the default: no target.
   */
  readonly maxInterTokenLatencyMs?: number;
  /** The clock of deadlines and of the latency target, in ms. Default: `performance.now`. */
  readonly now?: () => number;
  /**
   * Row counts, ascending, to which steps are padded in which each request has one token and samples, for devices that replay
   * captured graphs. A step of more rows than the last stays as it is. Default: none.
   */
  readonly decodeBuckets?: readonly number[];
  /** Of the model. Default 0: plans have no room for records, so no request may edit its logits. */
  readonly vocabSize?: number;
}

/** Fills in the defaults. @throws INVALID_ARGUMENT that names the field */
export function resolveConfig(config: SchedulerConfig): Required<SchedulerConfig> {
  const resolved = { ...DEFAULTS, ...withoutUndefined(config) };
  const { maxNumSeqs, maxNumBatchedTokens, maxModelLen, decodeBuckets, schedulingPolicy } = resolved;
  for (const [name, value] of Object.entries({ maxNumSeqs, maxNumBatchedTokens, maxModelLen })) {
    checkCount(name, value, 1);
  }
  const { maxNumQueuedReqs, maxNumPartialPrefills, maxLongPartialPrefills, maxInterTokenLatencyMs } = resolved;
  for (const [name, value] of Object.entries({ maxNumQueuedReqs, maxNumPartialPrefills, maxLongPartialPrefills })) {
    if (value !== Number.POSITIVE_INFINITY) checkCount(name, value, 1);
  }
  checkArgument(
    maxLongPartialPrefills <= maxNumPartialPrefills || maxLongPartialPrefills === Number.POSITIVE_INFINITY,
    `maxLongPartialPrefills is ${maxLongPartialPrefills}, at most maxNumPartialPrefills, ${maxNumPartialPrefills}, makes sense`,
    "maxLongPartialPrefills",
  );
  checkCount("longPrefillTokenThreshold", resolved.longPrefillTokenThreshold, 0);
  if (!resolved.enableChunkedPrefill) checkWholePrompts(resolved);
  checkArgument(
    maxInterTokenLatencyMs >= 0 && maxInterTokenLatencyMs < Number.POSITIVE_INFINITY,
    `maxInterTokenLatencyMs is ${maxInterTokenLatencyMs}, it must be a number of milliseconds, or 0 for no target`,
    "maxInterTokenLatencyMs",
  );
  checkArgument(
    SCHEDULING_POLICIES.includes(schedulingPolicy),
    `schedulingPolicy is ${schedulingPolicy}, it must be one of ${SCHEDULING_POLICIES.join(", ")}`,
    "schedulingPolicy",
  );
  checkCount("vocabSize", resolved.vocabSize, 0);
  for (const [i, bucket] of decodeBuckets.entries()) {
    checkCount("decodeBuckets", bucket, 1 + (decodeBuckets[i - 1] ?? 0));
    const most = Math.min(maxNumSeqs, maxNumBatchedTokens);
    checkArgument(bucket <= most, `a decode bucket is ${bucket}, a step has at most ${most} rows`, "decodeBuckets");
  }
  return resolved;
}

const DEFAULTS = {
  maxNumQueuedReqs: Number.POSITIVE_INFINITY,
  schedulingPolicy: "fcfs",
  longPrefillTokenThreshold: 0,
  maxNumPartialPrefills: Number.POSITIVE_INFINITY,
  maxLongPartialPrefills: Number.POSITIVE_INFINITY,
  enableChunkedPrefill: true,
  maxInterTokenLatencyMs: 0,
  now: () => performance.now(),
  decodeBuckets: [],
  vocabSize: 0,
} as const satisfies Partial<SchedulerConfig>;

function checkWholePrompts(config: Required<SchedulerConfig>): void {
  const { maxNumBatchedTokens, maxModelLen } = config;
  checkArgument(
    maxNumBatchedTokens >= maxModelLen,
    `enableChunkedPrefill is false, but a step has ${maxNumBatchedTokens} tokens (maxNumBatchedTokens), a prompt up to ${maxModelLen} (maxModelLen)`,
    "maxNumBatchedTokens",
  );
  for (const name of ["longPrefillTokenThreshold", "maxNumPartialPrefills", "maxInterTokenLatencyMs"] as const) {
    checkArgument(
      config[name] === DEFAULTS[name],
      `${name} is ${config[name]}, which needs enableChunkedPrefill; leave one of them out`,
      name,
    );
  }
}

/** An option that is undefined is one that was left out. */
function withoutUndefined(config: SchedulerConfig): SchedulerConfig {
  return Object.fromEntries(
    Object.entries(config).filter(([, value]) => value !== undefined),
  ) as unknown as SchedulerConfig;
}

function checkCount(name: string, value: number, minimum: number): void {
  const fits = Number.isSafeInteger(value) && value >= minimum;
  checkArgument(fits, `${name} is ${value}, it must be a whole number of ${minimum} or more`, name);
}
