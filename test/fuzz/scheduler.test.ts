// 15,000 random steps of arrivals, aborts, preemptions, deadlines and pauses under every policy, on a device that notices every
// wrong block, row and token.
// OCTAVO_FUZZ_SEED=<number> runs one seed.
import { NO_TOKEN, OctavoError, ROW_INIT_WORDS, RowFlags, RowInit, StepPlan } from "@octavo/core";
import { KvCacheManager } from "@octavo/kv-cache";
import { FinishReason, type OutputSink, type RequestSpec, SCHEDULING_POLICIES, Scheduler } from "@octavo/scheduler";
import { FakeDevice, GuessingDrafts, referenceTokens } from "@octavo/scheduler/testing";
import { describe, expect, test } from "vitest";
import { randomIntegers } from "./random-integers.js";

const STEPS_PER_SEED = 500;
const fixedSeed = process.env.OCTAVO_FUZZ_SEED;
const seeds = fixedSeed ? [Number(fixedSeed)] : Array.from({ length: 30 }, (_, i) => 1000 + i);

const NO_LOGITS = new Float32Array(0);

interface Tracked {
  readonly spec: RequestSpec;
  readonly expected: readonly number[];
  readonly got: number[];
  readonly stopTokens: readonly number[];
}

/** Finished requests whose blocks are kept at most before they are released. */
const MAX_KEPT = 3;

/** Of one group of layers, or of several. */
function randomWindows(random: (low: number, high: number) => number): number[] {
  const groups = random(0, 3) === 0 ? random(2, 3) : 1;
  return Array.from({ length: groups }, () => (random(0, 2) === 0 ? random(1, 20) : Number.POSITIVE_INFINITY));
}

/** One random engine: a scheduler with random limits, its device, and what is known of each unfinished request. */
class RandomRun implements OutputSink {
  readonly random;
  readonly scheduler: Scheduler;
  readonly kvCache: KvCacheManager;
  readonly device: FakeDevice;
  readonly live = new Map<number, Tracked>();
  readonly counts = {
    steps: 0,
    finished: 0,
    aborted: 0,
    refused: 0,
    stopped: 0,
    timedOut: 0,
    pauses: 0,
    twoInFlight: 0,
    processed: 0,
    forks: 0,
    copies: 0,
    filed: 0,
  };
  readonly policy;
  /** Whether short prompts pass long ones. */
  readonly passes;
  /** Whether one that goes on with kept blocks passed those that a pause held back. */
  overtook = false;
  /** Simulated ms; a step takes as many as it has tokens. */
  clock = 0;
  readonly #kept: number[] = [];
  readonly #plans: StepPlan[];
  readonly #inFlight: Int32Array[] = [];
  /** Blocks on their way to the file or from it. */
  readonly #filed: number[] = [];
  readonly #maxModelLen: number;
  readonly #vocabSize: number;
  readonly #slidingWindows: readonly number[];
  /** Prompts with their outputs, which later prompts begin with: shared system prompts, and further turns of a chat. */
  readonly #conversations: Int32Array[];
  #lastId = 0;

  constructor(seed: number) {
    this.random = randomIntegers(seed);
    const { random } = this;
    const blockSize = random(1, 5);
    const numBlocks = random(6, 30);
    this.#maxModelLen = random(8, 80);
    this.#vocabSize = random(3, 60);
    const enablePrefixCaching = random(0, 4) > 0;
    this.#slidingWindows = randomWindows(random);
    const numHostBlocks = enablePrefixCaching && random(0, 2) > 0 ? random(1, 40) : 0;
    const numFileBlocks = numHostBlocks > 0 && random(0, 1) > 0 ? random(1, 60) : 0;
    const maxNumBatchedTokens = random(1, 40);
    this.kvCache = new KvCacheManager({
      numBlocks,
      blockSize,
      enablePrefixCaching,
      numHostBlocks,
      numFileBlocks,
      hashSeed: seed,
      slidingWindows: this.#slidingWindows,
      maxNumBatchedTokens,
    });
    const maxNumSeqs = random(1, 8);
    const mostRows = Math.min(maxNumSeqs, maxNumBatchedTokens);
    const decodeBuckets = [1, 2, 4, 7].filter((bucket) => bucket <= mostRows && random(0, 2) > 0);
    this.policy = SCHEDULING_POLICIES[seed % 3]!;
    const maxNumPartialPrefills = random(0, 2) === 0 ? random(1, 4) : undefined;
    const maxLongPartialPrefills = maxNumPartialPrefills && random(1, maxNumPartialPrefills);
    this.passes = maxNumPartialPrefills !== undefined && maxLongPartialPrefills! < maxNumPartialPrefills;
    const config = {
      maxNumSeqs,
      maxNumBatchedTokens,
      decodeBuckets,
      maxModelLen: this.#maxModelLen,
      vocabSize: this.#vocabSize,
      maxNumQueuedReqs: random(1, 12),
      longPrefillTokenThreshold: random(0, 6),
      schedulingPolicy: this.policy,
      maxNumPartialPrefills,
      maxLongPartialPrefills,
      maxInterTokenLatencyMs: random(0, 2) === 0 ? random(4, 20) : 0,
      now: () => this.clock,
    };
    const outputOf = (id: number) => this.live.get(id)?.expected;
    const drafts =
      random(0, 2) > 0 ? new GuessingDrafts(random(1, 9), outputOf, random, 10 * random(0, 10)) : undefined;
    this.scheduler = new Scheduler(config, this.kvCache, drafts);
    this.device = new FakeDevice(this.scheduler.planLayout, numBlocks, this.#vocabSize, this.#slidingWindows);
    this.#plans = [0, 1].map(() => new StepPlan(this.scheduler.planLayout));
    this.#conversations = Array.from({ length: 5 }, () => this.#randomTokens(random(0, 40)));
  }

  /** Adds a random request; two of three continue a conversation. */
  arrive(): void {
    const { random } = this;
    const conversation = this.#conversations[random(0, 4)]!;
    const shared = conversation.subarray(0, random(0, 2) * random(0, conversation.length));
    const fork = this.#parent(Int32Array.of(...shared, ...this.#randomTokens(random(0, 12))));
    const { promptTokens } = fork;
    const id = ++this.#lastId;
    const rowInit = new Int32Array(ROW_INIT_WORDS);
    rowInit[RowInit.seedLow] = id;
    const stopTokenIds = this.#randomTokens(random(0, 2));
    const maxTokens = random(0, 9) === 0 ? 1e9 : random(1, 30);
    const cacheSalt = random(0, 5) === 0 ? random(1, 2) : 0;
    const who = { priority: random(-2, 2), tenant: random(0, 4) };
    const deadline = random(0, 7) === 0 ? this.clock + random(0, 150) : undefined;
    const allowed = random(0, 4) === 0 ? this.#randomTokens(random(1, this.#vocabSize)) : undefined;
    const words = random(0, 4) === 0 ? this.#randomTokens(random(1, 30)) : undefined;
    rowInit[RowInit.flags] =
      (random(0, 1) && RowFlags.history) | (allowed ? RowFlags.allowed : 0) | (words ? RowFlags.edits : 0);
    const spec = {
      id,
      ...fork,
      maxTokens,
      stopTokenIds,
      rowInit,
      cacheSalt,
      ...who,
      deadline,
      keepBlocks: random(0, 3) === 0,
      ...(allowed && { allowedTokenIds: allowed }),
      ...(words && { logitEdits: words }),
      ...(random(0, 5) === 0 && {
        processLogits: (_: Float32Array, output: Int32Array) => this.#expectGot(id, output),
      }),
    };
    try {
      this.scheduler.add(spec);
    } catch (error) {
      if (!OctavoError.isInstance(error, "QUEUE_FULL") && !OctavoError.isInstance(error, "INVALID_ARGUMENT"))
        throw error;
      this.counts.refused++;
      return;
    }
    if (this.scheduler.isPaused && this.#kept.includes(fork.forkOf ?? 0)) this.overtook = true;
    const longest = Math.min(this.#maxModelLen, this.kvCache.longestSequence + 1);
    const edits = { allowed: allowed && [...allowed], words: words && [...words] };
    const request = { promptTokens, seed: id, maxTokens, stopTokenIds, edits };
    const expected = referenceTokens(request, this.#vocabSize, longest, this.#slidingWindows);
    this.#conversations[random(0, 4)] = Int32Array.of(...promptTokens, ...expected);
    this.live.set(id, { spec, expected, got: [], stopTokens: [...stopTokenIds] });
  }

  /** Now and then the request is a fork, whether or not it has much in common with its parent. */
  #parent(promptTokens: Int32Array): { promptTokens: Int32Array; forkOf?: number } {
    const { random } = this;
    const candidates = [...this.live.keys(), ...this.#kept, this.#lastId + 100];
    const forkOf = candidates[random(0, candidates.length - 1)]!;
    const parent = this.live.get(forkOf);
    if (random(0, 2) > 0) return { promptTokens };
    if (!parent || random(0, 3) === 0) return { promptTokens, forkOf };
    this.counts.forks++;
    // A choice of the same prompt, or a beam that continues it.
    const more = [...parent.got, ...this.#randomTokens(1)].slice(0, random(0, 1) * 80);
    return { promptTokens: Int32Array.of(...parent.spec.promptTokens, ...more), forkOf };
  }

  abort(): void {
    const ids = [...this.live.keys()];
    const id = ids[this.random(0, ids.length - 1)];
    if (id === undefined) return;
    expect(this.scheduler.abort(id)).toBe(true);
    expect(this.scheduler.abort(id)).toBe(false);
    this.live.delete(id);
    this.counts.aborted++;
  }

  /** Forgets what is cached, now and then also what running and finished requests hold. */
  reset(): void {
    if (this.random(0, 1) === 0) {
      this.scheduler.preemptAll();
      expect(this.kvCache.usedBlocks).toBe(0);
    }
    this.kvCache.resetPrefixCache();
  }

  /** Begins a pause, or ends one. */
  pauseOrResume(): void {
    if (this.scheduler.isPaused) this.scheduler.resume();
    else this.scheduler.pause(this.random(0, 1) === 0 ? "keep" : "wait");
    this.counts.pauses++;
  }

  /** Schedules or updates, at random where both are possible; now and then in vain. @returns whether anything was left to do */
  step(): boolean {
    this.scheduler.expire(this);
    for (const { spec } of this.live.values()) expect(spec.deadline ?? this.clock + 1).toBeGreaterThan(this.clock);
    const canUpdate = this.#inFlight.length > 0;
    const settled = this.#filed.length > 0 && this.random(0, 2) > 0;
    if (settled) {
      const [block] = this.#filed.splice(this.random(0, this.#filed.length - 1), 1);
      const ok = this.random(0, 9) > 0;
      this.kvCache.settleFileBlock(block!, ok);
      if (ok) this.counts.filed++;
    }
    const launched =
      this.#inFlight.length < 2 && (!canUpdate || this.random(0, 1) === 1) && (this.#launch() || this.#launch());
    if (!launched && canUpdate) this.scheduler.update(this.#inFlight.shift()!, this);
    this.scheduler.checkInvariants();
    return launched || canUpdate || settled || this.#filed.length > 0;
  }

  /** Gives back what a finished request kept. */
  release(): boolean {
    const id = this.#kept.shift();
    if (id !== undefined) this.scheduler.release(id);
    return id !== undefined;
  }

  #launch(): boolean {
    const plan = this.#plans[this.counts.steps % 2]!;
    const rows = this.scheduler.schedule(plan);
    this.counts.copies += this.kvCache.copies.count;
    this.#filed.push(...this.device.copy(this.kvCache.copies));
    if (rows === 0) return false;
    this.counts.steps++;
    for (const sample of this.scheduler.processed) sample.process(NO_LOGITS);
    this.clock += plan.numTokens;
    this.#inFlight.push(this.device.execute(plan));
    if (this.#inFlight.length === 2) this.counts.twoInFlight++;
    return true;
  }

  onToken(id: number, token: number, finish: number): void {
    const request = this.live.get(id);
    if (!request) throw new Error(`a token for request ${id}, which has ended`);
    if (finish === FinishReason.timeout) {
      expect(token).toBe(NO_TOKEN);
      expect(request.spec.deadline).toBeLessThanOrEqual(this.clock);
      this.live.delete(id);
      this.counts.timedOut++;
      return;
    }
    request.got.push(token);
    const length = request.got.length;
    expect(request.got).toEqual(request.expected.slice(0, length));
    const isStop = request.stopTokens.includes(token);
    const isLast = length === request.expected.length;
    expect(finish).toBe(isStop ? FinishReason.stop : isLast ? FinishReason.length : FinishReason.none);
    if (finish === FinishReason.none) return;
    this.live.delete(id);
    if (request.spec.keepBlocks) this.#kept.push(id);
    while (this.#kept.length > MAX_KEPT) this.release();
    this.counts.finished++;
    if (isStop) this.counts.stopped++;
  }

  /** Whose logits the host changes has nothing in flight. */
  #expectGot(id: number, output: Int32Array): void {
    expect([...output]).toEqual(this.live.get(id)!.got);
    this.counts.processed++;
  }

  #randomTokens(length: number): Int32Array {
    return Int32Array.from({ length }, () => this.random(0, this.#vocabSize - 1));
  }
}

const totals = {
  steps: 0,
  finished: 0,
  aborted: 0,
  refused: 0,
  stopped: 0,
  timedOut: 0,
  pauses: 0,
  twoInFlight: 0,
  processed: 0,
  preempted: 0,
  hits: 0,
  evicted: 0,
  drafted: 0,
  accepted: 0,
  forks: 0,
  copies: 0,
  loaded: 0,
  filed: 0,
};

describe("the scheduler under random load", () => {
  test.each(seeds)("seed %i", (seed) => {
    try {
      runSeed(seed);
    } catch (error) {
      console.error(`failed with OCTAVO_FUZZ_SEED=${seed}`);
      throw error;
    }
  });

  test.skipIf(fixedSeed)("the seeds together cover what they must", () => {
    expect(totals.steps).toBeGreaterThanOrEqual(15_000);
    for (const [name, count] of Object.entries(totals)) expect(count, name).toBeGreaterThan(100);
  });
});

function runSeed(seed: number): void {
  const run = new RandomRun(seed);
  while (run.counts.steps < STEPS_PER_SEED) {
    const event = run.random(0, 19);
    if (event < 4 || !run.scheduler.hasUnfinished()) run.arrive();
    if (event === 19) run.abort();
    if (event === 18 && run.random(0, 9) === 0) run.reset();
    if (run.random(0, 40) === 0) run.pauseOrResume();
    const moved = run.step();
    if (!moved && run.scheduler.isPaused) {
      // What is kept will be gone on with.
      while (run.release()) {}
      expect(run.scheduler.isResting).toBe(true);
      run.pauseOrResume();
    }
  }
  if (run.scheduler.isPaused) run.pauseOrResume();

  // Without arrivals some request moves on in each launched step, so that work bounds the steps; with FCFS it is the oldest, so that
  // nothing is computed twice for long.
  let work = 2;
  for (const { spec, expected } of run.live.values())
    work += (run.policy === "fcfs" ? 2 : 6) * (spec.promptTokens.length + expected.length) + 4;
  while (run.scheduler.hasUnfinished() && work-- > 0) expect(run.step(), "work is left, but no step").toBe(true);
  expect(run.scheduler.hasUnfinished(), `${run.live.size} requests starve`).toBe(false);
  // Blocks that are written one after the other when nothing else happens.
  for (let i = 0; i < 1000 && run.step(); i++) {}
  expect(run.live.size).toBe(0);
  while (run.release()) {}
  run.scheduler.checkInvariants();
  expect(run.kvCache.usedBlocks).toBe(0);
  expect(run.kvCache.freeBlocks).toBe(run.kvCache.totalBlocks);
  expect(run.scheduler.stats).toMatchObject({ numRunning: 0, numWaiting: 0, kvBlocksUsed: 0 });

  // First come, first served: who was admitted for the first time had arrived after all those admitted before.
  if (run.policy === "fcfs" && !run.passes && !run.overtook) expectInOrder(run.device.seenSeeds);

  for (const [name, count] of Object.entries(run.counts)) totals[name as keyof typeof run.counts] += count;
  totals.preempted += run.scheduler.stats.numPreemptions;
  totals.hits += run.scheduler.stats.prefixCacheHits;
  totals.drafted += run.scheduler.stats.numDraftTokens;
  totals.accepted += run.scheduler.stats.numAcceptedTokens;
  totals.evicted += run.kvCache.evictions;
  totals.loaded += run.kvCache.loadedBlocks;
}

function expectInOrder(seeds: readonly number[]): void {
  const admissions = [...new Set(seeds)];
  expect(admissions).toEqual([...admissions].sort((a, b) => a - b));
}
