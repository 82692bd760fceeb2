// Who is served first. A policy keeps the requests that wait, and says whom of the running ones a lack of memory hits.
import type { Request } from "../request.js";

export interface SchedulingPolicy {
  /** Requests that wait. */
  readonly length: number;
  /** The one to be admitted next. There must be one. */
  first(): Request;
  /** Takes it out. */
  shift(): Request;
  /** A request that just arrived. */
  push(request: Request): void;
  /** One that was taken out or preempted comes back to its place, before those of its kind that came later. */
  putBack(request: Request): void;
  /** Takes out any that waits. */
  remove(request: Request): void;
  /**
   * Whether the first of those that wait goes before a running one: it gets tokens of a step earlier, and may take the other's
   * row and blocks. With policies that never say so, `running` is in order of admission; otherwise in the policy's order.
   */
  outranks(running: Request): boolean;
  /** Index of the running request that gives up its row and blocks: one from index `from` on, of which there is one at least. */
  victim(running: readonly Request[], from: number): number;
  /** `tokens` of its prompt are about to be computed; told once a request. */
  admitted?(request: Request, tokens: number): void;
  /** A token of its output was handed out. */
  sampled?(request: Request): void;
  /** It is over, and was taken out before, if it waited. */
  ended?(request: Request): void;
  /** With tenants: the service that each got, in weighted tokens. */
  counters?(): ReadonlyMap<number, number>;
  /** Those that wait, in no order. */
  waiting(): Iterable<Request>;
  /** Of those that run, in their order, and those that wait. @throws INTERNAL */
  checkInvariants(running: readonly Request[]): void;
}
