// Requests that share what they begin with: how many tokens are computed, and what happens when blocks are scarce.
import { ROW_INIT_WORDS, RowInit, StepPlan } from "@octavo/core";
import { KvCacheManager } from "@octavo/kv-cache";
import { expect, test } from "vitest";
import { FinishReason } from "./finish-reason.js";
import type { RequestSpec } from "./request-spec.js";
import { Scheduler } from "./scheduler.js";
import type { SchedulerConfig } from "./scheduler-config.js";
import { FakeDevice, referenceTokens } from "./testing/index.js";

const VOCAB_SIZE = 50;
const MAX_MODEL_LEN = 64;
const prompt = Int32Array.from({ length: 10 }, (_, i) => i);

/** A scheduler without prefix caching and its device, one step at a time. */
class Engine {
  readonly kvCache: KvCacheManager;
  readonly scheduler: Scheduler;
  readonly outputs = new Map<number, number[]>();
  readonly finished = new Set<number>();
  copies = 0;
  readonly #device: FakeDevice;
  readonly #plan: StepPlan;

  constructor(numBlocks: number, maxNumSeqs = 8, maxNumBatchedTokens = 100, more: Partial<SchedulerConfig> = {}) {
    this.kvCache = new KvCacheManager({ numBlocks, blockSize: 4, enablePrefixCaching: false });
    const config = { maxNumSeqs, maxNumBatchedTokens, maxModelLen: MAX_MODEL_LEN, ...more };
    this.scheduler = new Scheduler(config, this.kvCache);
    this.#device = new FakeDevice(this.scheduler.planLayout, numBlocks, VOCAB_SIZE);
    this.#plan = new StepPlan(this.scheduler.planLayout);
  }

  add(id: number, promptTokens: Int32Array, maxTokens: number, more: Partial<RequestSpec> = {}): void {
    const rowInit = new Int32Array(ROW_INIT_WORDS);
    rowInit[RowInit.seedLow] = id;
    this.scheduler.add({ id, promptTokens, maxTokens, stopTokenIds: new Int32Array(0), rowInit, ...more });
  }

  /** @returns tokens that the step computed; 0 when there was nothing to do */
  step(): number {
    const rows = this.scheduler.schedule(this.#plan);
    this.copies += this.kvCache.copies.count;
    this.#device.copy(this.kvCache.copies);
    if (rows === 0) return 0;
    const sampled = this.#device.execute(this.#plan);
    this.scheduler.update(sampled, this);
    this.scheduler.checkInvariants();
    return this.#plan.numTokens;
  }

  onToken(id: number, token: number, finish: number): void {
    if (finish !== FinishReason.timeout) this.outputs.set(id, [...(this.outputs.get(id) ?? []), token]);
    if (finish !== FinishReason.none) this.finished.add(id);
  }

  /** @returns tokens of each step until nothing is left */
  drain(): number[] {
    const steps: number[] = [];
    for (let tokens = this.step(); tokens > 0; tokens = this.step()) steps.push(tokens);
    return steps;
  }

  expectAlone(id: number, promptTokens: Int32Array, maxTokens: number): void {
    const request = { promptTokens, seed: id, maxTokens, stopTokenIds: new Int32Array(0) };
    expect(this.outputs.get(id)).toEqual(referenceTokens(request, VOCAB_SIZE, MAX_MODEL_LEN));
  }
}

test("choices compute their prompt once, and one copy of its last block each but one", () => {
  const engine = new Engine(40);
  for (const id of [1, 2, 3]) engine.add(id, prompt, 4, id > 1 ? { forkOf: 1 } : {});
  expect(engine.drain()).toEqual([10, 1 + 2, 3, 3, 2]);
  expect(engine.copies).toBe(2);
  for (const id of [1, 2, 3]) engine.expectAlone(id, prompt, 4);
  expect(engine.kvCache.usedBlocks).toBe(0);
});

test("forks wait for a prompt that is computed in chunks, and outlive a parent that ends with its first token", () => {
  const engine = new Engine(40, 1, 6);
  for (const id of [1, 2, 3]) engine.add(id, prompt, 1, id > 1 ? { forkOf: 1 } : {});
  expect(engine.drain()).toEqual([6, 4, 1, 1]);
  for (const id of [1, 2, 3]) engine.expectAlone(id, prompt, 1);
});

test("a beam search: each beam goes on from blocks that a finished one kept", () => {
  const engine = new Engine(40);
  engine.add(1, prompt, 1, { keepBlocks: true });
  expect(engine.drain()).toEqual([10]);
  expect(engine.kvCache.usedBlocks).toBe(3);
  const beams = [7, 8].map((token) => Int32Array.of(...prompt, token));
  for (const [i, beam] of beams.entries()) engine.add(2 + i, beam, 1, { forkOf: 1, keepBlocks: true });
  expect(engine.scheduler.release(1)).toBe(true);
  expect(engine.scheduler.release(1)).toBe(false);
  expect(engine.drain(), "one token each").toEqual([2]);
  const next = [0, 0, 1].map((beam, i) => Int32Array.of(...beams[beam]!, 9 + i));
  for (const [i, beam] of next.entries()) engine.add(4 + i, beam, 1, { forkOf: i === 2 ? 3 : 2 });
  for (const id of [2, 3]) engine.scheduler.release(id);
  expect(engine.drain()).toEqual([3]);
  for (const [i, beam] of next.entries()) engine.expectAlone(4 + i, beam, 1);
  expect(engine.kvCache.usedBlocks).toBe(0);
});

test("kept blocks give way to a request that needs them", () => {
  const engine = new Engine(5);
  engine.add(1, prompt, 1, { keepBlocks: true });
  engine.drain();
  expect(engine.kvCache.freeBlocks).toBe(1);
  const other = Int32Array.from({ length: 12 }, (_, i) => 20 + i);
  engine.add(2, other, 2);
  engine.drain();
  engine.expectAlone(2, other, 2);
  expect(engine.kvCache.usedBlocks, "it was taken").toBe(0);
  engine.add(3, Int32Array.of(...prompt, 7), 1, { forkOf: 1 });
  expect(engine.scheduler.release(1)).toBe(true);
  expect(engine.drain(), "nothing was shared").toEqual([11]);
});

test("to a pause the forks of kept blocks are one request that goes on", () => {
  const engine = new Engine(40);
  const beam = Int32Array.of(...prompt, 7);
  engine.add(1, prompt, 1, { keepBlocks: true });
  engine.scheduler.pause("wait");
  engine.drain();
  expect(engine.scheduler.isResting, "it will be gone on with").toBe(false);
  engine.add(2, beam, 1, { forkOf: 1, keepBlocks: true });
  engine.add(3, prompt, 1);
  engine.scheduler.release(1);
  expect(engine.drain(), "the other one is held").toEqual([1]);
  expect(engine.scheduler.isResting).toBe(false);
  engine.scheduler.release(2);
  expect(engine.scheduler.isResting).toBe(true);
  // It comes behind a fork that came after it.
  engine.add(4, prompt, 1, { keepBlocks: true });
  engine.scheduler.resume();
  expect(engine.drain()).toEqual([20]);
});

test("who goes on with kept blocks passes those that a pause holds, and these keep their order", () => {
  const engine = new Engine(40, 1);
  engine.add(1, prompt, 1, { keepBlocks: true });
  engine.drain();
  engine.scheduler.pause("keep");
  for (const id of [2, 3]) engine.add(id, prompt, 1);
  engine.add(4, Int32Array.of(...prompt, 7), 2, { forkOf: 1 });
  engine.scheduler.resume();
  engine.drain();
  expect([...engine.outputs.keys()]).toEqual([1, 4, 2, 3]);
});

test("blocks that waiting forks hold are taken back before anybody is preempted", () => {
  const engine = new Engine(6, 1);
  for (const id of [1, 2]) engine.add(id, prompt, id === 1 ? 11 : 3, id > 1 ? { forkOf: 1 } : {});
  engine.drain();
  engine.expectAlone(1, prompt, 11);
  engine.expectAlone(2, prompt, 3);
  expect(engine.scheduler.stats.numPreemptions).toBe(0);
});

test("an unknown parent, another salt or another beginning change nothing", () => {
  const engine = new Engine(40);
  engine.add(1, prompt, 2);
  const strange = Int32Array.of(40, 41, 42);
  engine.add(2, prompt, 2, { forkOf: 99 });
  engine.add(3, prompt, 2, { forkOf: 1, cacheSalt: 5 });
  engine.add(4, strange, 2, { forkOf: 1 });
  expect(engine.drain()).toEqual([10 + 10 + 10 + 3, 4]);
  for (const id of [1, 2, 3]) engine.expectAlone(id, prompt, 2);
  engine.expectAlone(4, strange, 2);
  expect(() => engine.add(5, prompt, 1, { keepBlocks: true })).not.toThrow();
  engine.drain();
  expect(() => engine.add(5, prompt, 1)).toThrow("its blocks are kept");
  engine.scheduler.preemptAll();
  expect(engine.kvCache.usedBlocks, "nothing of what was computed is used again").toBe(0);
});

test("a parent that is aborted leaves what it has computed", () => {
  const engine = new Engine(40, 8, 6);
  for (const id of [1, 2]) engine.add(id, prompt, 2, id > 1 ? { forkOf: 1 } : {});
  expect(engine.step()).toBe(6);
  engine.scheduler.abort(1);
  expect(engine.drain()).toEqual([4, 1]);
  engine.expectAlone(2, prompt, 2);
});

test("a parent whose time is up leaves what it has computed; what it was to keep is free", () => {
  let now = 0;
  const engine = new Engine(40, 8, 6, { now: () => now });
  engine.add(1, prompt, 2, { deadline: 5, keepBlocks: true });
  engine.add(2, prompt, 2, { forkOf: 1 });
  expect(engine.step()).toBe(6);
  now = 5;
  expect(engine.scheduler.expire(engine)).toBe(1);
  engine.scheduler.checkInvariants();
  expect(engine.drain()).toEqual([4, 1]);
  engine.expectAlone(2, prompt, 2);
  expect(engine.kvCache.usedBlocks).toBe(0);
});

test("a fork that a pause holds back shares blocks meanwhile, and gives them back when it is aborted", () => {
  const engine = new Engine(40);
  engine.add(1, prompt, 2);
  engine.step();
  engine.scheduler.pause("wait");
  for (const id of [2, 3]) engine.add(id, prompt, 2, { forkOf: 1 });
  expect(engine.drain()).toEqual([1]);
  expect(engine.kvCache.usedBlocks).toBe(3);
  expect(engine.scheduler.isResting).toBe(true);
  engine.scheduler.abort(2);
  engine.scheduler.checkInvariants();
  engine.scheduler.resume();
  expect(engine.drain()).toEqual([1, 1]);
  engine.expectAlone(3, prompt, 2);
  expect(engine.kvCache.usedBlocks).toBe(0);
});

test("a short prompt passes the fork of a long one that is still computed", () => {
  const limits = { maxNumPartialPrefills: 3, maxLongPartialPrefills: 2, longPrefillTokenThreshold: 4 };
  const engine = new Engine(40, 8, 100, limits);
  const short = Int32Array.of(40, 41, 42);
  engine.add(1, prompt, 2);
  engine.add(2, prompt, 2, { forkOf: 1 });
  engine.add(3, short, 1);
  expect(engine.drain()).toEqual([4 + 3, 4, 2, 1 + 1, 1]);
  for (const id of [1, 2]) engine.expectAlone(id, prompt, 2);
  engine.expectAlone(3, short, 1);
});

test("a fork that goes before its parent waits for it, without taking its blocks", () => {
  const engine = new Engine(6, 8, 4, { schedulingPolicy: "priority" });
  engine.add(1, prompt, 8, { priority: 3 });
  engine.step();
  engine.add(2, prompt, 2, { forkOf: 1, priority: -1 });
  engine.drain();
  engine.expectAlone(1, prompt, 8);
  engine.expectAlone(2, prompt, 2);
  expect([...engine.finished]).toEqual([2, 1]);
});

test("nobody is outranked for blocks that another one shares", () => {
  const engine = new Engine(9, 8, 100, { schedulingPolicy: "priority" });
  for (const id of [1, 2]) engine.add(id, prompt, 6, { priority: id, ...(id > 1 && { forkOf: 1 }) });
  engine.step();
  engine.step();
  expect(engine.kvCache.freeBlocks, "two are shared, each has one").toBe(4);
  // It needs six, and of the three that 2 holds one would come free.
  const other = Int32Array.from({ length: 21 }, (_, i) => 20 + i);
  engine.add(3, other, 1, { priority: 1 });
  engine.step();
  expect(engine.scheduler.stats.numPreemptions).toBe(0);
  engine.drain();
  for (const id of [1, 2]) engine.expectAlone(id, prompt, 6);
  engine.expectAlone(3, other, 1);
});

test("those who share blocks are outranked together", () => {
  const engine = new Engine(7, 8, 100, { schedulingPolicy: "priority" });
  for (const id of [1, 2]) engine.add(id, prompt, 6, { priority: 2, ...(id > 1 && { forkOf: 1 }) });
  engine.step();
  engine.step();
  expect(engine.kvCache.freeBlocks).toBe(2);
  const other = Int32Array.from({ length: 21 }, (_, i) => 20 + i);
  engine.add(3, other, 1, { priority: 1 });
  engine.step();
  expect(engine.finished.has(3)).toBe(true);
  expect(engine.scheduler.stats.numOutranked).toBe(2);
  engine.drain();
  for (const id of [1, 2]) engine.expectAlone(id, prompt, 6);
  engine.expectAlone(3, other, 1);
});
