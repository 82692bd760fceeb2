// Simulated serving: time goes by as a cost model says, drafts are right as often as the test says.
import type { DraftRequest } from "@octavo/scheduler";
import { describe, expect, test } from "vitest";
import { DraftLength } from "./draft-length.js";
import { StepCosts } from "./step-costs.js";

interface Machine {
  /** Milliseconds of a step by its tokens. */
  readonly step: (tokens: number) => number;
  /** Milliseconds that one draft takes to make. */
  readonly proposing?: number;
}

/** As SmolLM2 was measured on two cores. */
const CPU: Machine = { step: (tokens) => 11 + 4 * tokens };
/** A step takes as long as reading the weights. */
const GPU: Machine = { step: (tokens) => 20 + 0.05 * tokens };

function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state / 2 ** 32;
  };
}

/**
 * Serves `running` requests of `length` tokens each, `rounds` times.
 * @param right the chance that a draft is right, by how far the request is
 * @returns tokens per millisecond over those of plain decoding, and drafts per step of a request at the end
 */
function serve(machine: Machine, running: number, length: number, right: (done: number) => number, rounds = 4) {
  const costs = new StepCosts();
  const chosen = new DraftLength(8, costs, 0.7);
  const random = randomNumbers(running + length);
  let time = 0;
  let tokens = 0;
  let lastDrafts = 0;
  let lastId = 0;
  let proposers = running;
  const arrive = () => ({ id: ++lastId, length: 100 }) as DraftRequest & { length: number };
  const requests = Array.from({ length: running }, arrive);
  // Whoever is done makes room for the next, so that the batch stays as large as it is.
  while (tokens < rounds * running * length) {
    const { proposing = 0 } = machine;
    chosen.begin(running);
    const drafts = requests.map((request) => {
      const wanted = chosen.choose(request, 8, proposing / proposers);
      chosen.add(wanted);
      return wanted;
    });
    const planned = running + drafts.reduce((a, b) => a + b);
    // Up to half as long again, for what else the machine does.
    costs.add(planned, machine.step(planned) * (1 + 0.5 * random() ** 4));
    time += machine.step(planned) + proposing * Math.max(...drafts);
    lastDrafts = drafts[0]!;
    proposers = Math.max(1, drafts.filter((count) => count > 0).length);
    for (const [i, request] of requests.entries()) {
      let accepted = 0;
      while (accepted < drafts[i]! && random() < right(request.length - 100)) accepted++;
      request.length += accepted + 1;
      tokens += accepted + 1;
      if (drafts[i]! > 0) chosen.verified(request, drafts[i]!, accepted, proposing / proposers);
      if (request.length < 100 + length) continue;
      chosen.forget(request);
      requests[i] = arrive();
    }
  }
  return { ratio: tokens / time / (running / machine.step(running)), lastDrafts };
}

describe("never costs more than three percent", () => {
  test.each([
    ["no draft is right", 1, 200, 0],
    ["no draft is right, 32 requests", 32, 200, 0],
    ["every tenth is right", 1, 400, 0.1],
    ["every fifth is right, 8 requests", 8, 300, 0.2],
    ["half are right, 32 requests", 32, 200, 0.5],
  ])("%s", (_, running, length, right) => {
    expect(serve(CPU, running, length, () => right).ratio).toBeGreaterThan(0.97);
    expect(serve(GPU, running, length, () => right).ratio).toBeGreaterThan(0.97);
    expect(serve({ ...CPU, proposing: 8 }, running, length, () => right).ratio).toBeGreaterThan(0.97);
  });

  test("what was right becomes wrong halfway", () => {
    expect(serve(CPU, 1, 400, (done) => (done < 200 ? 0.9 : 0)).ratio).toBeGreaterThan(1.2);
  });
});

describe("gives what is to be had", () => {
  test("where most are right", () => {
    // Of all lengths, 8 drafts are best: 6.1 tokens in 47 ms instead of one in 15.
    expect(serve(CPU, 1, 200, () => 0.9).ratio).toBeGreaterThan(1.7);
    expect(serve(GPU, 32, 200, () => 0.7).ratio).toBeGreaterThan(1.9);
  });

  test("where they become right late", () => {
    const { ratio, lastDrafts } = serve(CPU, 1, 600, (done) => (done < 200 ? 0 : 0.95));
    expect(lastDrafts).toBeGreaterThan(3);
    expect(ratio).toBeGreaterThan(1.3);
  });
});
