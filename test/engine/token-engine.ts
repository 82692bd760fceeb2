// An engine core that serves one workload after the other and gives the tokens of each, on any device.
import type { EngineInfo, EngineOptions } from "@octavo/engine";
import {
  createStatsBuffer,
  type EngineCore,
  encodeAbort,
  encodeAdd,
  loadCore,
  OUTPUT_WORDS,
  readStats,
  resolveSamplingParams,
} from "@octavo/engine/core";
import { FinishReason } from "@octavo/scheduler";
import { expect } from "vitest";
import { evenTokens, letters, type TestRequest } from "./workload.js";

/** Steps after which a workload is said to starve: all its tokens one by one would take fewer. */
const MAX_STEPS = 5_000;

/** One use of a request in a workload, with what it gave. */
export interface Use {
  readonly request: TestRequest;
  readonly maxTokens: number;
  readonly tokens: number[];
  aborted: boolean;
  done: boolean;
  /** Whether it was handed over as a fork of another one that ran. */
  forked: boolean;
}

/** When requests come and go; asked before each step. */
export interface Traffic {
  /** How many of the requests that are left arrive. */
  arrivals(): number;
  /** How each is served; by default all alike and without end. */
  serving?(): { readonly priority: number; readonly tenant: number; readonly timeoutMs: number };
  /** Whether a pause begins now, and which; one that was begun ends at the next question. */
  pause?(): "keep" | "wait" | undefined;
  /** Whether the next one comes as a fork of the one that arrived before, with whatever both have in common. Default: never. */
  forks?(): boolean;
  /** The index of the one of `live` running requests that is aborted; -1: none. */
  abort(live: number): number;
}

export class TokenEngine implements Disposable {
  readonly #core: EngineCore;
  readonly #info: EngineInfo;
  readonly #eosTokenIds: readonly number[];
  readonly #stats: Float64Array;
  #lastId = 0;
  #isPaused = false;

  private constructor(core: EngineCore, info: EngineInfo, eosTokenIds: readonly number[], stats: Float64Array) {
    this.#core = core;
    this.#info = info;
    this.#eosTokenIds = eosTokenIds;
    this.#stats = stats;
  }

  static async load(folder: string, options: EngineOptions): Promise<TokenEngine> {
    const stats = new Float64Array(createStatsBuffer());
    const { core, info, eosTokenIds } = await loadCore(folder, { logitsProcessors: [evenTokens], ...options }, stats);
    return new TokenEngine(core, info, eosTokenIds, stats);
  }

  get vocabSize(): number {
    return this.#info.vocabSize;
  }

  get stats() {
    return readStats(this.#stats);
  }

  /** The tokens of one request that has the engine to itself. */
  alone(request: TestRequest): readonly number[] {
    const use = newUse(request, request.params.maxTokens!);
    this.run([use]);
    return use.tokens;
  }

  /**
   * Serves `uses`, by default all at once. In the end every block must be free.
   * @throws when a bookkeeping invariant breaks or nothing moves any more
   */
  run(uses: readonly Use[], traffic?: Traffic): void {
    const live = new Map<number, Use>();
    let next = 0;
    for (let step = 0; next < uses.length || live.size > 0; step++) {
      expect(step, "steps: requests starve").toBeLessThan(MAX_STEPS);
      for (let arrivals = traffic?.arrivals() ?? uses.length; arrivals > 0 && next < uses.length; arrivals--) {
        live.set(this.#add(uses[next]!, traffic), uses[next++]!);
      }
      this.#pause(traffic);
      const victim = traffic && live.size > 0 ? traffic.abort(live.size) : -1;
      if (victim >= 0) this.#abort(live, victim);
      this.#core.step();
      this.#core.checkInvariants();
      this.#take(live);
    }
    while (this.#core.step()) this.#take(live); // steps in flight when the last request ended
    const { kvBlocksUsed, numRunning, numWaiting } = this.stats;
    expect({ kvBlocksUsed, numRunning, numWaiting }).toEqual({ kvBlocksUsed: 0, numRunning: 0, numWaiting: 0 });
  }

  /** Ends a pause, or begins one. */
  #pause(traffic?: Traffic): void {
    if (this.#isPaused) this.#core.call({ method: "resume" }, () => {});
    const mode = this.#isPaused ? undefined : traffic?.pause?.();
    this.#isPaused = mode !== undefined;
    if (mode) this.#core.call({ method: "pause", mode }, () => {});
  }

  #add(use: Use, traffic?: Traffic): number {
    const { request, maxTokens } = use;
    const { prompt, params } = request;
    use.forked = traffic?.forks?.() ?? false;
    const { vocabSize, maxModelLen } = this.#info;
    const endTokenIds = this.#eosTokenIds;
    const numPromptTokens = prompt.length;
    const context = { defaults: {}, vocabSize, maxModelLen, numPromptTokens, endTokenIds, tokenizer: letters };
    const stops = [...(params.stopTokenIds ?? []), ...(params.ignoreEos ? [] : endTokenIds)];
    const minTokens = Math.min(params.minTokens ?? 0, maxTokens);
    const resolved = resolveSamplingParams({ ...params, maxTokens, minTokens }, context);
    const options = { ...traffic?.serving?.(), ...(use.forked && { forkOf: this.#lastId }) };
    this.#core.handle(encodeAdd(++this.#lastId, Int32Array.from(prompt), resolved, stops, 0, options));
    return this.#lastId;
  }

  #abort(live: Map<number, Use>, index: number): void {
    const [id, use] = [...live][index]!;
    use.aborted = true;
    live.delete(id);
    this.#core.handle(encodeAbort(id));
    this.#core.checkInvariants();
  }

  #take(live: Map<number, Use>): void {
    const words = this.#core.outputs.take();
    for (let i = 0; i < words.length; i += OUTPUT_WORDS) {
      const use = live.get(words[i]!);
      expect(use, `a token for request ${words[i]}, which has ended`).toBeDefined();
      if (words[i + 2] === FinishReason.timeout) {
        use!.aborted = true;
        live.delete(words[i]!);
        continue;
      }
      use!.tokens.push(words[i + 1]!);
      if (words[i + 2] === 0) continue;
      use!.done = true;
      live.delete(words[i]!);
    }
  }

  [Symbol.dispose](): void {
    this.#core.dispose();
  }
}

/** A request that is about to be used. */
export function newUse(request: TestRequest, maxTokens: number): Use {
  return { request, maxTokens, tokens: [], aborted: false, done: false, forked: false };
}
