// What the scheduler does with drafts, step by step; that they change no token is for equivalence.test.ts and the fuzz tests.
import { LAST_SAMPLED, PlanHeader, ROW_INIT_WORDS, StepPlan } from "@octavo/core";
import { KvCacheManager } from "@octavo/kv-cache";
import { expect, test } from "vitest";
import type { DraftRequest, DraftSource } from "./draft-source.js";
import { FinishReason } from "./finish-reason.js";
import type { RequestSpec } from "./request-spec.js";
import { Scheduler } from "./scheduler.js";
import type { SchedulerConfig } from "./scheduler-config.js";

interface SetupOptions extends Partial<SchedulerConfig> {
  numBlocks?: number;
}

/** Drafts 900, 901 and so on for every request, as many as there is room for. */
function createScheduler({ numBlocks = 101, ...config }: SetupOptions = {}) {
  const calls: unknown[][] = [];
  const source: DraftSource & { holds(request: DraftRequest): boolean } = {
    numSpeculativeTokens: 3,
    begin: () => {},
    wants: () => 3,
    holds: () => true,
    propose(requests, count) {
      for (const request of requests.slice(0, count)) {
        while (request.drafts < request.maxDrafts) request.addDraft(900 + request.drafts);
      }
    },
    verified: ({ id }, drafts, accepted) => calls.push(["verified", id, drafts, accepted]),
    released: ({ id }) => calls.push(["released", id]),
    forget: ({ id }) => calls.push(["forget", id]),
  };
  const kvCache = new KvCacheManager({ numBlocks, blockSize: 4, hashSeed: 1 });
  const limits = { maxNumSeqs: 4, maxNumBatchedTokens: 32, maxModelLen: 64, ...config };
  const scheduler = new Scheduler(limits, kvCache, source);
  const plan = new StepPlan(scheduler.planLayout);
  return {
    scheduler,
    kvCache,
    source,
    calls,
    /** Each row's tokens with the number of its samples. */
    schedule() {
      scheduler.schedule(plan);
      scheduler.checkInvariants();
      const { words, layout } = plan;
      const samples = words.subarray(layout.sampleRows, layout.sampleRows + words[PlanHeader.numSamples]!);
      return Array.from({ length: words[PlanHeader.numRows]! }, (_, i) => {
        const at = (t: number) => words[PlanHeader.tokensOffset]! + words[layout.queryStarts + t]!;
        return [[...words.subarray(at(i), at(i + 1))], samples.filter((row) => row === i).length];
      });
    },
    update(...tokens: number[]) {
      const outputs: number[][] = [];
      scheduler.update(Int32Array.from(tokens), {
        onToken: (id, token, finish, _cached, sample) => outputs.push([id, token, finish, sample]),
      });
      scheduler.checkInvariants();
      return outputs;
    },
  };
}

function createRequest(id: number, promptLength: number, options: Partial<RequestSpec> = {}): RequestSpec {
  return {
    id,
    promptTokens: Int32Array.from({ length: promptLength }, (_, i) => 100 * id + i),
    maxTokens: 20,
    stopTokenIds: new Int32Array(0),
    rowInit: new Int32Array(ROW_INIT_WORDS),
    ...options,
  };
}

const { none, stop, length } = FinishReason;

test("drafts follow the last known token, and are kept up to the first that was not sampled, which is kept as well", () => {
  const { scheduler, schedule, update, calls } = createScheduler();
  scheduler.add(createRequest(1, 5));
  expect(schedule()).toEqual([[[100, 101, 102, 103, 104], 1]]);
  expect(update(7)).toEqual([[1, 7, none, 0]]);
  expect(schedule()).toEqual([[[7, 900, 901, 902], 4]]);
  expect(update(900, 55, 901, 902)).toEqual([
    [1, 900, none, 0],
    [1, 55, none, 1],
  ]);
  expect(schedule()).toEqual([[[55, 900, 901, 902], 4]]);
  expect(update(900, 901, 902, 8).map(([, token]) => token)).toEqual([900, 901, 902, 8]);
  expect(schedule()).toEqual([[[8, 900, 901, 902], 4]]);
  expect(update(1, 1, 1, 1)).toEqual([[1, 1, none, 0]]);
  expect(calls).toEqual([
    ["verified", 1, 3, 1],
    ["verified", 1, 3, 3],
    ["verified", 1, 3, 0],
  ]);
  const { numDrafts, numDraftTokens, numAcceptedTokens, generationTokens } = scheduler.stats;
  expect([numDrafts, numDraftTokens, numAcceptedTokens, generationTokens]).toEqual([3, 9, 4, 8]);
});

test("a stop token among the kept ones ends the request there, and so does its length", () => {
  const { scheduler, schedule, update, kvCache } = createScheduler();
  scheduler.add(createRequest(1, 5, { stopTokenIds: Int32Array.of(901) }));
  scheduler.add(createRequest(2, 5, { maxTokens: 3 }));
  schedule();
  update(7, 8);
  // The second may sample two more: one draft and the token after it.
  expect(schedule()).toEqual([
    [[7, 900, 901, 902], 4],
    [[8, 900], 2],
  ]);
  expect(update(900, 901, 902, 5, 900, 9)).toEqual([
    [1, 900, none, 0],
    [1, 901, stop, 1],
    [2, 900, none, 4],
    [2, 9, length, 5],
  ]);
  expect(scheduler.hasUnfinished()).toBe(false);
  expect(kvCache.usedBlocks).toBe(0);
});

test("the prefix cache has tokens that were sampled, and no drafts", () => {
  const { scheduler, schedule, update, kvCache } = createScheduler();
  scheduler.add(createRequest(1, 6, { maxTokens: 6 }));
  schedule();
  update(7);
  // 100 to 105, 7 and the first draft fill the second block.
  expect(schedule()).toEqual([[[7, 900, 901, 902], 4]]);
  expect(kvCache.cachedBlocks).toBe(1);
  update(55, 0, 0, 0);
  expect(kvCache.cachedBlocks).toBe(1);
  schedule();
  update(900, 901, 902, 66);
  expect(kvCache.cachedBlocks).toBe(2);
  const hits = (...tail: number[]) => {
    const before = scheduler.stats.prefixCacheHits;
    const promptTokens = Int32Array.of(100, 101, 102, 103, 104, 105, 7, ...tail);
    scheduler.add({ ...createRequest(2, 1), promptTokens, maxTokens: 1 });
    schedule();
    update(1);
    return scheduler.stats.prefixCacheHits - before;
  };
  expect(hits(900, 901, 902)).toBe(4);
  expect(hits(55, 900, 901)).toBe(8);
});

test("a request with drafts has no step ahead; one that is not held runs on", () => {
  const { scheduler, schedule, update, source } = createScheduler();
  scheduler.add(createRequest(1, 3));
  schedule();
  expect(schedule()).toEqual([]); // held until its token is known
  update(7);
  expect(schedule()).toEqual([[[7, 900, 901, 902], 4]]);
  source.holds = () => false;
  expect(schedule()).toEqual([]); // how far it gets is not known
  update(8, 0, 0, 0);
  source.wants = () => 0;
  expect(schedule()).toEqual([[[8], 1]]);
  expect(schedule()).toEqual([[[LAST_SAMPLED], 1]]);
});

test("drafts take what is left of tokens and blocks, and nobody's", () => {
  const { scheduler, schedule, update } = createScheduler({ maxNumBatchedTokens: 8 });
  for (const id of [1, 2, 3]) scheduler.add(createRequest(id, 2));
  schedule();
  update(7, 8, 9);
  expect(schedule()).toEqual([
    [[7, 900, 901, 902], 4],
    [[8, 900, 901], 3],
    [[9], 1],
  ]);

  // Two blocks of four tokens for each of two requests: none is left for a draft.
  const tight = createScheduler({ numBlocks: 5 });
  for (const id of [1, 2]) tight.scheduler.add(createRequest(id, 6));
  tight.schedule();
  tight.update(7, 8);
  expect(tight.schedule()).toEqual([
    [[7, 900], 2],
    [[8, 900], 2],
  ]);
  tight.update(900, 1, 900, 2);
  expect(tight.scheduler.stats.numPreemptions).toBe(0);
});

test("aborted with drafts in flight; another may have none", () => {
  const { scheduler, schedule, update, kvCache, calls } = createScheduler({ numBlocks: 6 });
  scheduler.add(createRequest(1, 7, { noDrafts: true }));
  scheduler.add(createRequest(2, 6));
  schedule();
  update(7, 8);
  // One block is free, which the first request takes for its next token but one.
  expect(schedule()).toEqual([
    [[7], 1],
    [[8, 900], 2],
  ]);
  expect(scheduler.abort(2)).toBe(true);
  expect(update(9, 900, 3)).toEqual([[1, 9, none, 0]]);
  expect(calls).toEqual([
    ["released", 2],
    ["forget", 2],
  ]);
  scheduler.abort(1);
  expect(kvCache.usedBlocks).toBe(0);
});
