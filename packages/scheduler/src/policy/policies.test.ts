// Whole schedulers under each policy, on plans that are not executed: who gets tokens, who loses blocks.
import { PlanHeader, ROW_INIT_WORDS, RowInit, StepPlan } from "@octavo/core";
import { KvCacheManager } from "@octavo/kv-cache";
import { describe, expect, test } from "vitest";
import type { RequestSpec } from "../request-spec.js";
import { Scheduler } from "../scheduler.js";
import type { SchedulerConfig } from "../scheduler-config.js";

/** Each request samples its own id; `step` says who got how many tokens, in the plan's order. */
function createScheduler(config: Partial<SchedulerConfig>, numBlocks = 101) {
  const kvCache = new KvCacheManager({ numBlocks, blockSize: 4, enablePrefixCaching: false });
  const scheduler = new Scheduler({ maxNumSeqs: 4, maxNumBatchedTokens: 16, maxModelLen: 400, ...config }, kvCache);
  const plan = new StepPlan(scheduler.planLayout);
  const rows = new Map<number, number>();
  const add = (id: number, promptLength: number, options: Partial<RequestSpec> = {}) => {
    const rowInit = new Int32Array(ROW_INIT_WORDS);
    rowInit[RowInit.seedLow] = id;
    const promptTokens = new Int32Array(promptLength).fill(id);
    scheduler.add({ id, promptTokens, maxTokens: 100, stopTokenIds: new Int32Array(0), rowInit, ...options });
  };
  const served: number[] = [];
  const step = () => {
    scheduler.schedule(plan);
    scheduler.checkInvariants();
    const { words, layout } = plan;
    const inits = words[PlanHeader.rowInitsOffset]!;
    for (let i = 0; i < words[PlanHeader.numRowInits]!; i++) {
      rows.set(words[inits + i * ROW_INIT_WORDS]!, words[inits + i * ROW_INIT_WORDS + RowInit.seedLow]!);
    }
    const parts = Array.from({ length: plan.numRows }, (_, i) => {
      const tokens = words[layout.queryStarts + i + 1]! - words[layout.queryStarts + i]!;
      return [rows.get(words[layout.rowIds + i]!)!, tokens];
    });
    if (plan.numRows > 0) scheduler.update(new Int32Array(8).fill(9), { onToken: (id) => served.push(id) });
    scheduler.checkInvariants();
    return parts;
  };
  return { scheduler, add, step, served };
}

describe("priority", () => {
  const schedulingPolicy = "priority";

  test("lower values get tokens first, among equals who came first", () => {
    const { add, step } = createScheduler({ schedulingPolicy });
    add(1, 6, { priority: 1 });
    add(2, 6, { priority: -3 });
    add(3, 6, { priority: 1 });
    expect(step()).toEqual([
      [2, 6],
      [1, 6],
      [3, 4],
    ]);
  });

  test("one that outranks a long prompt gets the budget before it", () => {
    const { add, step } = createScheduler({ schedulingPolicy });
    add(1, 100, { priority: 5 });
    expect(step()).toEqual([[1, 16]]);
    add(2, 10);
    expect(step()).toEqual([
      [2, 10],
      [1, 6],
    ]);
  });

  test("takes the row of the one that matters least, which comes back", () => {
    const { scheduler, add, step } = createScheduler({ schedulingPolicy, maxNumSeqs: 2 });
    add(1, 3, { priority: 1 });
    add(2, 3, { priority: 2 });
    step();
    add(3, 3, { maxTokens: 2 });
    expect(step()).toEqual([
      [3, 3],
      [1, 1],
    ]);
    expect(scheduler.stats).toMatchObject({ numPreemptions: 1, numRunning: 2, numWaiting: 1 });
    step();
    expect(step()).toEqual([
      [1, 1],
      [2, 4],
    ]);
  });

  test("takes blocks of as many as it needs, and of nobody when all of them would not do", () => {
    const { scheduler, add, step } = createScheduler({ schedulingPolicy, maxNumBatchedTokens: 64 }, 11);
    add(1, 12);
    add(2, 10, { priority: 2 });
    add(3, 10, { priority: 1 });
    expect(step()).toHaveLength(3);
    add(4, 32, { priority: 1 });
    expect(step().map(([id]) => id)).toEqual([1, 3, 2]);
    scheduler.abort(4);
    add(5, 16, { priority: -1 });
    expect(step().map(([id]) => id)).toEqual([5, 1]);
    expect(scheduler.stats.numPreemptions).toBe(2);
  });

  test("equals are not preempted for each other", () => {
    const { scheduler, add, step } = createScheduler({ schedulingPolicy, maxNumSeqs: 1 });
    add(1, 3);
    step();
    add(2, 3);
    expect(step()).toEqual([[1, 1]]);
    expect(scheduler.stats.numPreemptions).toBe(0);
  });
});

describe("fairness", () => {
  const schedulingPolicy = "fairness";

  test("tenants get equal service, however many requests each of them sends", () => {
    const { add, step, served } = createScheduler({ schedulingPolicy, maxNumSeqs: 2 });
    for (let i = 0; i < 60; i++) add(i, 4, { tenant: 1, maxTokens: 4 });
    for (let i = 0; i < 20; i++) add(100 + i, 4, { tenant: 2, maxTokens: 4 });
    while (served.filter((id) => id >= 100).length < 64) step();
    expect(served.filter((id) => id < 100).length).toBeGreaterThanOrEqual(56);
    expect(served.filter((id) => id < 100).length).toBeLessThanOrEqual(72);
  });

  test("one who was away gets no more than one who comes first", () => {
    const { scheduler, add, step } = createScheduler({ schedulingPolicy, maxNumSeqs: 1 });
    add(1, 4, { tenant: 1, maxTokens: 1 });
    step();
    for (let i = 0; i < 20; i++) add(10 + i, 4, { tenant: 2, maxTokens: 4 });
    for (let i = 0; i < 40; i++) step();
    const { tenants } = scheduler.snapshot();
    expect(tenants![2]).toBeGreaterThan(100);
    add(2, 4, { tenant: 1, maxTokens: 1 });
    // Lifted to tenant 2, who waits too, so that it saved up nothing.
    expect(scheduler.snapshot().tenants![1]).toBe(tenants![2]);
  });

  test("tenants that owe nothing are forgotten", () => {
    const { scheduler, add, step } = createScheduler({ schedulingPolicy });
    for (let tenant = 0; tenant < 5000; tenant++) {
      add(tenant, 1, { tenant, maxTokens: 1 });
      step();
    }
    expect(Object.keys(scheduler.snapshot().tenants!).length).toBeLessThan(1100);
  });

  test("a lack of blocks hits the tenant that was served most", () => {
    const { scheduler, add, step } = createScheduler({ schedulingPolicy, maxNumBatchedTokens: 64 }, 9);
    add(1, 11, { tenant: 1 });
    add(2, 11, { tenant: 2 });
    add(3, 7, { tenant: 1 });
    step();
    expect(scheduler.stats.kvBlocksUsed).toBe(8);
    step();
    // Two tokens later 1 needs a fourth block; its own tenant was served most, and 3 is the latest of it.
    expect(step().map(([id]) => id)).toEqual([1, 2]);
    expect(scheduler.stats.numPreemptions).toBe(1);
  });
});

describe("partial prompts", () => {
  test("no more than allowed; one that completes its prompt is none", () => {
    const { add, step } = createScheduler({ maxNumPartialPrefills: 2, longPrefillTokenThreshold: 4 });
    for (const id of [1, 2, 3]) add(id, 10);
    add(4, 3);
    expect(step()).toEqual([
      [1, 4],
      [2, 4],
    ]);
    step();
    // 1 and 2 complete, so that two others may begin.
    expect(step()).toEqual([
      [1, 2],
      [2, 2],
      [3, 4],
      [4, 3],
    ]);
  });

  test("short ones pass long ones where few of these may be partial", () => {
    const limits = { maxNumPartialPrefills: 3, maxLongPartialPrefills: 1, longPrefillTokenThreshold: 4 };
    const { add, step } = createScheduler(limits);
    for (const id of [1, 2]) add(id, 10);
    for (const id of [3, 4]) add(id, 3);
    expect(step()).toEqual([
      [1, 4],
      [3, 3],
      [4, 3],
    ]);
    step();
    expect(step().map(([id]) => id)).toEqual([1, 3, 4, 2]);
  });

  test("the threshold that several partial ones imply is vLLM's", () => {
    const { add, step } = createScheduler({ maxNumPartialPrefills: 2 });
    for (const id of [1, 2]) add(id, 20);
    expect(step()).toEqual([
      [1, 16],
      // 4 % of 400 tokens is the whole budget.
    ]);
    expect(() => createScheduler({ maxNumPartialPrefills: 1, maxLongPartialPrefills: 2 })).toThrow(
      "maxLongPartialPrefills",
    );
  });
});

describe("deadlines", () => {
  test("end who waits and who runs, exactly, with what they hold", () => {
    let clock = 0;
    const { scheduler, add, step } = createScheduler({ maxNumSeqs: 1, now: () => clock });
    add(1, 3, { deadline: 10 });
    add(2, 3, { deadline: 5 });
    expect(scheduler.nextDeadline).toBe(5);
    step();
    const ended: number[][] = [];
    const sink = { onToken: (...record: number[]) => ended.push(record) };
    clock = 4.9;
    scheduler.expire(sink);
    expect(ended).toEqual([]);
    clock = 10;
    scheduler.expire(sink);
    expect(ended).toEqual([
      [2, -1, 5, -1, -1, -1, 0],
      [1, -1, 5, 0, -1, -1, 0],
    ]);
    expect(scheduler.stats).toMatchObject({ numRunning: 0, numWaiting: 0, kvBlocksUsed: 0 });
    expect(scheduler.nextDeadline).toBe(Number.POSITIVE_INFINITY);
    expect(step()).toEqual([]);
  });
});

describe("pauses", () => {
  test("keep: all stop where they are, with their blocks; those that come wait", () => {
    const { scheduler, add, step } = createScheduler({});
    add(1, 3);
    step();
    scheduler.pause("keep");
    add(2, 3);
    expect(step()).toEqual([]);
    expect(scheduler.isResting).toBe(true);
    expect(scheduler.stats).toMatchObject({ numRunning: 1, numWaiting: 1, kvBlocksUsed: 1 });
    scheduler.resume();
    expect(step()).toEqual([
      [1, 1],
      [2, 3],
    ]);
  });

  test("wait: those that were there end, those that come wait, also when they are first in the order", () => {
    const { scheduler, add, step } = createScheduler({ schedulingPolicy: "priority", maxNumSeqs: 1 });
    add(1, 3, { maxTokens: 2 });
    add(2, 3, { maxTokens: 1 });
    step();
    scheduler.pause("wait");
    add(3, 3, { priority: -1 });
    add(4, 3);
    scheduler.abort(4);
    expect(scheduler.isResting).toBe(false);
    expect([step(), step()]).toEqual([[[1, 1]], [[2, 3]]]);
    expect(scheduler.isResting).toBe(true);
    expect(step()).toEqual([]);
    scheduler.resume();
    expect(step()).toEqual([[3, 3]]);
  });
});
