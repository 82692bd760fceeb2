// How a request is served, as opposed to how its tokens are sampled.
import { checkArgument } from "@octavo/core";
import { checkKeys } from "./known-keys.js";

/** They never change a request's tokens, only when they come and how many. */
export interface RequestOptions {
  /** With `schedulingPolicy: "priority"`: lower values are served first. A whole number of 32 bits. Default 0. */
  readonly priority?: number;
  /** With `schedulingPolicy: "fairness"`: whose request it is, such as a user's name or a hash of a key. Default: nobody's. */
  readonly tenant?: string;
  /**
   * Milliseconds after which it ends, waiting or running, with what it has: `finishReason` is "abort" and `stopReason` "timeout".
   * From the engine's view: it takes effect between two steps. A whole number. Default: never.
   */
  readonly timeoutMs?: number;
  /** Ends it with what it has, `finishReason` "abort": its row and blocks are free within a step. */
  readonly signal?: AbortSignal;
}

/** The same as numbers, for the scheduler. */
export interface ResolvedRequestOptions {
  readonly priority: number;
  readonly tenant: number;
  /** -1: none. */
  readonly timeoutMs: number;
}

const KNOWN: Readonly<Record<keyof RequestOptions, true>> = {
  priority: true,
  tenant: true,
  timeoutMs: true,
  signal: true,
};

const INT32 = 2 ** 31;

/**
 * @param policy the engine's `schedulingPolicy`
 * @param tenantId a tenant's number
 * @throws INVALID_ARGUMENT with `param` naming the field as HTTP does
 */
export function resolveRequestOptions(
  options: RequestOptions,
  policy: string,
  tenantId: (tenant: string) => number,
): ResolvedRequestOptions {
  checkKeys(options, KNOWN, "request option");
  const { priority = 0, tenant, timeoutMs = -1 } = options;
  checkArgument(
    Number.isInteger(priority) && priority >= -INT32 && priority < INT32,
    `priority must be a whole number of 32 bits, got ${priority}`,
    "priority",
  );
  checkArgument(
    priority === 0 || policy === "priority",
    `priority is ${priority}, but this engine serves requests by "${policy}": load it with scheduling_policy "priority", or leave priority out`,
    "priority",
  );
  checkArgument(
    tenant === undefined || typeof tenant === "string",
    `tenant must be a string, got ${typeof tenant}`,
    "tenant",
  );
  checkArgument(
    options.timeoutMs === undefined || (Number.isInteger(timeoutMs) && timeoutMs >= 1 && timeoutMs < INT32),
    `timeout_ms must be a whole number of milliseconds from 1 to ${INT32 - 1}, got ${timeoutMs}`,
    "timeout_ms",
  );
  return { priority, tenant: tenant === undefined || policy !== "fairness" ? 0 : tenantId(tenant), timeoutMs };
}
