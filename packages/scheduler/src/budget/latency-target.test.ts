// A simulated device, whose steps take as long as a formula says: what a long prompt does to the others' tokens.
import { PlanHeader, ROW_INIT_WORDS, StepPlan } from "@octavo/core";
import { KvCacheManager } from "@octavo/kv-cache";
import { describe, expect, test } from "vitest";
import { Scheduler } from "../scheduler.js";
import { StepCostModel } from "./step-cost-model.js";

interface Cost {
  readonly step: number;
  readonly row: number;
  readonly token: number;
  readonly pair: number;
  /** Steps take up to this share longer or shorter. */
  readonly noise: number;
}

/** Two decode for a while, then prompts of `promptLength` come one after the other. @returns ms between a decoder's tokens, sorted */
function simulate(maxInterTokenLatencyMs: number, cost: Cost, depth: number, promptLength = 3000) {
  let clock = 0;
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const kvCache = new KvCacheManager({ numBlocks: 2000, blockSize: 16 });
  const limits = { maxNumSeqs: 8, maxNumBatchedTokens: 2048, maxModelLen: 16_384 };
  const scheduler = new Scheduler({ ...limits, maxInterTokenLatencyMs, now: () => clock }, kvCache);
  const plans = [0, 1].map(() => new StepPlan(scheduler.planLayout));
  const add = (id: number, length: number, maxTokens: number) => {
    const promptTokens = Int32Array.from({ length }, () => Math.floor(random() * 1000));
    const rowInit = new Int32Array(ROW_INIT_WORDS);
    scheduler.add({ id, promptTokens, maxTokens, stopTokenIds: new Int32Array(0), rowInit });
  };
  /** When each launched step will be done: the device runs them one after the other. */
  const doneAt: number[] = [];
  let busyUntil = 0;
  const launch = (n: number) => {
    const plan = plans[n % 2]!;
    if (scheduler.schedule(plan) === 0) return false;
    const { words, layout } = plan;
    let ms = cost.step;
    for (let i = 0; i < plan.numRows; i++) {
      const tokens = words[layout.queryStarts + i + 1]! - words[layout.queryStarts + i]!;
      ms += cost.row + cost.token * (tokens - 1) + cost.pair * tokens * (words[layout.contextLens + i]! + tokens / 2);
    }
    busyUntil = Math.max(busyUntil, clock) + ms * (1 + cost.noise * (2 * random() - 1));
    doneAt.push(busyUntil);
    return words[PlanHeader.numRows]! > 0;
  };

  const gaps: number[] = [];
  let last = 0;
  let prompts = 0;
  let nextPrompt = 10;
  let promptSeconds = 0;
  let began = 0;
  for (const id of [1, 2]) add(id, 16, 5000);
  for (let launched = 0, updated = 0; prompts < 5; ) {
    while (launched - updated < depth && launch(launched)) launched++;
    clock = Math.max(clock, doneAt[updated++]!);
    scheduler.update(new Int32Array(8).fill(7), {
      onToken(id) {
        if (id === 1) {
          if (last > 0) gaps.push(clock - last);
          last = clock;
        }
        if (id < nextPrompt) return;
        promptSeconds += (clock - began) / 1000;
        nextPrompt++;
        prompts++;
      },
    });
    scheduler.checkInvariants();
    if (updated % 100 === 50 && prompts === nextPrompt - 10 && scheduler.stats.numRunning === 2) {
      began = clock;
      add(nextPrompt, promptLength, 1);
    }
  }
  gaps.sort((a, b) => a - b);
  return { p99: gaps[Math.floor(0.99 * gaps.length)]!, worst: gaps.at(-1)!, promptSeconds };
}

describe("a long prompt beside requests that decode", () => {
  const cost = { step: 4, row: 0.2, token: 0.1, pair: 1e-5, noise: 0.05 };

  test.each([1, 2])("does not delay their tokens beyond the target, %i steps in flight", (depth) => {
    const without = simulate(0, cost, depth);
    const target = simulate(20, cost, depth);
    expect(without.worst).toBeGreaterThan(150);
    expect(target.p99).toBeLessThan(20);
    expect(target.worst).toBeLessThan(22);
    // It still gets most of the device: a chunk of the target's length, less the margin, instead of a whole one.
    expect(target.promptSeconds).toBeLessThan(2 * without.promptSeconds);
  });

  test("where attention to what came before takes most of the time", () => {
    const quadratic = { step: 2, row: 0.1, token: 0.01, pair: 1e-4, noise: 0.05 };
    expect(simulate(0, quadratic, 1).worst).toBeGreaterThan(250);
    expect(simulate(30, quadratic, 1).p99).toBeLessThan(30);
  });

  test("gets on even where decoding alone is slower than the target", () => {
    const slow = { ...cost, step: 40 };
    const { promptSeconds } = simulate(20, slow, 1, 300);
    expect(promptSeconds).toBeLessThan((5 * 300 * 45) / 8 / 1000 + 3);
  });
});

describe("the cost model", () => {
  test("finds the coefficients of noisy steps, and follows when they change", () => {
    const model = new StepCostModel();
    let state = 3;
    const random = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
    const feed = (step: number, token: number, count: number) => {
      for (let i = 0; i < count; i++) {
        const rows = 1 + Math.floor(random() * 32);
        const extra = random() < 0.5 ? 0 : Math.floor(random() * 512);
        const pairs = (rows + extra) * 500 * random();
        const ms = step + 0.1 * rows + token * extra + 2e-5 * pairs;
        model.observe(rows, extra, pairs, ms * (0.95 + 0.1 * random()));
      }
    };
    feed(3, 0.05, 500);
    expect(model.predict(8, 256, 50_000)).toBeCloseTo(3 + 0.8 + 12.8 + 1, 0);
    expect(model.coefficients().token).toBeCloseTo(0.05, 2);
    feed(6, 0.1, 3000);
    expect(model.coefficients().token).toBeCloseTo(0.1, 1);
    expect(Math.abs(model.predict(8, 256, 50_000) - (6 + 0.8 + 25.6 + 1))).toBeLessThan(2);
  });

  test("one disturbed step does not move it far", () => {
    const model = new StepCostModel();
    for (let i = 0; i < 200; i++) model.observe(4, i % 2 ? 100 : 0, 1000, i % 2 ? 15 : 5);
    model.observe(4, 100, 1000, 2000);
    expect(model.predict(4, 100, 1000)).toBeLessThan(25);
  });

  test("the first steps, which may be slow, are soon forgotten", () => {
    const model = new StepCostModel();
    model.observe(2, 30, 300, 400);
    model.observe(2, 0, 40, 150);
    for (let i = 0; i < 60; i++) {
      const extra = i % 6 === 5 ? 15 : 0;
      model.observe(4, extra, 200 + 10 * extra, 5 + (extra > 0 ? 3 : 0) + extra * 0.5);
    }
    expect(model.predict(4, 0, 200)).toBeLessThan(7);
    expect(model.predict(4, 15, 350)).toBeLessThan(20);
  });

  test("it stays sane over many steps of one kind, however disturbed", () => {
    const model = new StepCostModel();
    let state = 9;
    for (let i = 0; i < 200_000; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      const disturbed = state % 50 === 0 ? 40 : 1;
      const extra = i % 1000 < 20 ? 64 : 0;
      model.observe(
        4,
        extra,
        4 * (i % 2000) + extra * 1000,
        (4 + 0.3 * extra) * (0.7 + (state % 100) / 160) * disturbed,
      );
    }
    expect(model.predict(4, 0, 4000)).toBeGreaterThan(2.5);
    expect(model.predict(4, 0, 4000)).toBeLessThan(5.5);
    expect(model.predict(4, 64, 68_000)).toBeGreaterThan(14);
    expect(model.predict(4, 64, 68_000)).toBeLessThan(30);
  });

  test("tokensWithin is what rowCost allows", () => {
    const model = new StepCostModel();
    for (let i = 0; i < 400; i++) {
      const [rows, extra, pairs] = [1 + (i % 7), (i * 37) % 300, ((i * 101) % 1000) * 300];
      model.observe(rows, extra, pairs, 2 + 0.3 * rows + 0.02 * extra + 3e-5 * pairs);
    }
    for (const [budget, context] of [
      [5, 0],
      [10, 2000],
      [0.5, 100],
      [0.1, 0],
    ] as const) {
      const tokens = model.tokensWithin(budget, context, true);
      if (tokens > 0) expect(model.rowCost(tokens, context, true)).toBeLessThanOrEqual(budget * 1.02 + 0.05);
      expect(model.rowCost(tokens + 2, context, true)).toBeGreaterThan(budget);
    }
  });
});
