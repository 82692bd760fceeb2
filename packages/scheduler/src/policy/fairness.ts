// Fairness by tenant: virtual token counters (Sheng et al., "Fairness in Serving Large Language Models", OSDI 2024).
import { assertInternal } from "@octavo/core";
import { Heap } from "../heap.js";
import type { Request } from "../request.js";
import type { SchedulingPolicy } from "./scheduling-policy.js";
import { Tenant } from "./tenant.js";

/** An output token costs a whole pass over the weights, a prompt token a share of one: the paper's weights. */
const INPUT_WEIGHT = 1;
const OUTPUT_WEIGHT = 2;

/** Tenants without requests that are kept before the first look for some to forget. */
const FEW_TENANTS = 1024;

/**
 * Each tenant has a counter of the tokens it was served, and the tenant that was served least is admitted next. One that comes
 * back after a pause is lifted to the least counter of those that wait, so that nobody saves up service. Prompt tokens that the
 * prefix cache had cost nothing. Within a tenant it is first come, first served.
 */
export class FairnessPolicy implements SchedulingPolicy {
  readonly #tenants = new Map<number, Tenant>();
  /** Those with waiting requests. Counters only grow, so that a key is never more than its counter. */
  readonly #active = new Heap<Tenant>((a, b) => (a.key !== b.key ? a.key < b.key : a.id < b.id));
  /** Whose last waiting request was admitted last. */
  #lastActive: Tenant | undefined;
  #length = 0;
  #sweepAt = FEW_TENANTS;

  get length(): number {
    return this.#length;
  }

  first(): Request {
    return this.#next().queue.at(0);
  }

  shift(): Request {
    const tenant = this.#next();
    const request = tenant.queue.popFront();
    this.#length--;
    if (tenant.queue.length === 0) this.#deactivate(tenant);
    return request;
  }

  push(request: Request): void {
    const tenant = this.#tenantOf(request);
    if (tenant.queue.length === 0) this.#activate(tenant);
    tenant.live++;
    tenant.queue.pushBack(request);
    this.#length++;
  }

  putBack(request: Request): void {
    const tenant = this.#tenantOf(request);
    if (tenant.queue.length === 0) this.#insert(tenant);
    tenant.queue.pushFront(request);
    this.#length++;
  }

  remove(request: Request): void {
    const tenant = this.#tenantOf(request);
    tenant.queue.remove(request);
    this.#length--;
    if (tenant.queue.length === 0) this.#deactivate(tenant);
  }

  outranks(): boolean {
    return false;
  }

  /** The latest of the tenant that was served most. */
  victim(running: readonly Request[], from: number): number {
    let victim = running.length - 1;
    let most = this.#tenantOf(running[victim]!).counter;
    for (let i = victim - 1; i >= from; i--) {
      const { counter } = this.#tenantOf(running[i]!);
      if (counter > most) [victim, most] = [i, counter];
    }
    return victim;
  }

  admitted(request: Request, tokens: number): void {
    this.#tenantOf(request).counter += INPUT_WEIGHT * tokens;
  }

  sampled(request: Request): void {
    this.#tenantOf(request).counter += OUTPUT_WEIGHT;
  }

  ended(request: Request): void {
    this.#tenantOf(request).live--;
    if (this.#tenants.size > this.#sweepAt) this.#forget();
  }

  /** Weighted tokens of each tenant that is remembered. */
  counters(): ReadonlyMap<number, number> {
    return new Map([...this.#tenants].map(([id, { counter }]) => [id, counter]));
  }

  *waiting(): Iterable<Request> {
    for (const { queue } of this.#active) for (let i = 0; i < queue.length; i++) yield queue.at(i);
  }

  checkInvariants(running: readonly Request[]): void {
    const live = new Map<Tenant, number>();
    const last = new Map<Tenant, number>();
    let waiting = 0;
    for (const request of [...running, ...this.waiting()]) {
      const tenant = this.#tenantOf(request);
      live.set(tenant, (live.get(tenant) ?? 0) + 1);
      if (request.isLong) continue;
      assertInternal(
        request.arrival > (last.get(tenant) ?? -1),
        `request ${request.id} stands behind a later one of tenant ${tenant.id}`,
      );
      last.set(tenant, request.arrival);
    }
    for (const tenant of this.#tenants.values()) {
      waiting += tenant.queue.length;
      const found = live.get(tenant) ?? 0;
      assertInternal(tenant.live === found, `tenant ${tenant.id} should have ${tenant.live} requests, it has ${found}`);
    }
    assertInternal(waiting === this.#length, `${this.#length} requests should wait, ${waiting} do`);
  }

  /** The tenant with the least counter of those that have waiting requests. */
  #next(): Tenant {
    for (;;) {
      const tenant = this.#active.first;
      assertInternal(tenant !== undefined, "nobody waits");
      if (tenant.key === tenant.counter) return tenant;
      tenant.key = tenant.counter;
      this.#active.settleFirst();
    }
  }

  /** After a time without waiting requests: the lift. */
  #activate(tenant: Tenant): void {
    const floor = this.#active.length > 0 ? this.#next().counter : (this.#lastActive?.counter ?? 0);
    tenant.counter = Math.max(tenant.counter, floor);
    this.#insert(tenant);
  }

  #insert(tenant: Tenant): void {
    tenant.key = tenant.counter;
    this.#active.push(tenant);
  }

  #deactivate(tenant: Tenant): void {
    this.#active.remove(tenant);
    this.#lastActive = tenant;
  }

  #tenantOf({ tenant: id }: Request): Tenant {
    let tenant = this.#tenants.get(id);
    if (!tenant) {
      tenant = new Tenant(id);
      this.#tenants.set(id, tenant);
    }
    return tenant;
  }

  /** Drops idle tenants that the lift would make equal to a new one. */
  #forget(): void {
    const floor = this.#active.length > 0 ? this.#next().counter : (this.#lastActive?.counter ?? 0);
    for (const [id, { live, counter }] of this.#tenants) if (live === 0 && counter <= floor) this.#tenants.delete(id);
    this.#sweepAt = Math.max(FEW_TENANTS, 2 * this.#tenants.size);
  }
}
