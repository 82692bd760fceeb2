// An engine core that serves one workload after the other and gives the tokens of each, on any device.
import type { EngineInfo, EngineOptions } from "@octavo/engine";
import {
  type AddOptions,
  type ControlCall,
  createStatsBuffer,
  type EngineCore,
  encodeAbort,
  encodeAdd,
  encodeRelease,
  loadCore,
  logprobsRecordWords,
  OUTPUT_WORDS,
  readStats,
  resolveSamplingParams,
} from "@octavo/engine/core";
import { expect } from "vitest";
import { evenTokens, letters, type TestRequest } from "./workload.js";

/** Steps after which a workload is said to starve: all its tokens one by one would take fewer. */
const MAX_STEPS = 5_000;

/** One use of a request in a workload, with what it gave. */
export interface Use {
  readonly request: TestRequest;
  readonly maxTokens: number;
  readonly tokens: number[];
}

/** When requests come; asked before each step. */
export interface Traffic {
  /** How many of the requests that are left arrive. */
  arrivals(): number;
  /** Whether the next one comes as a fork of the one that arrived before, with whatever both have in common. Default: never. */
  forks?(): boolean;
}

/** How a request is handed over. */
export interface Submission extends AddOptions {
  /** Which of the parallel samples of one prompt it is. Default 0. */
  readonly choice?: number;
}

/** Told of what a step gives. */
export interface OutputListener {
  /** `finish` is a code of the scheduler's FinishReason. */
  onToken(id: number, token: number, finish: number): void;
  /** The words of a logprobs record from the second one on; before the token that they are about. Default: nobody asks for any. */
  onLogprobs?(id: number, words: Int32Array): void;
}

const nobodyRuns: OutputListener = {
  onToken: (id) => {
    throw new Error(`a token for request ${id}, which has ended`);
  },
};

export class TokenEngine implements Disposable {
  readonly #core: EngineCore;
  readonly #info: EngineInfo;
  readonly #eosTokenIds: readonly number[];
  readonly #stats: Float64Array;
  #lastId = 0;

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

  get stats() {
    return readStats(this.#stats);
  }

  /** Hands a request over. @returns its id */
  add({ prompt, params }: TestRequest, { choice, ...options }: Submission = {}): number {
    const { vocabSize, maxModelLen } = this.#info;
    const endTokenIds = this.#eosTokenIds;
    const numPromptTokens = prompt.length;
    const context = { defaults: {}, vocabSize, maxModelLen, numPromptTokens, endTokenIds, tokenizer: letters };
    const stops = [...(params.stopTokenIds ?? []), ...(params.ignoreEos ? [] : endTokenIds)];
    const resolved = resolveSamplingParams(params, context);
    this.#core.handle(encodeAdd(++this.#lastId, Int32Array.from(prompt), resolved, stops, choice, options));
    return this.#lastId;
  }

  abort(id: number): void {
    this.#core.handle(encodeAbort(id));
    this.#core.checkInvariants();
  }

  /** Gives back the blocks that a finished request kept. */
  release(id: number): void {
    this.#core.handle(encodeRelease(id));
    this.#core.checkInvariants();
  }

  call(call: ControlCall): void {
    this.#core.call(call, (reply) => {
      if ("error" in reply) throw new Error(reply.error.message);
    });
    this.#core.checkInvariants();
  }

  /** Runs one step. @returns false when there was nothing to do @throws when a bookkeeping invariant breaks */
  step(listener: OutputListener): boolean {
    const moved = this.#core.step();
    this.#core.checkInvariants();
    const words = this.#core.outputs.take();
    for (let i = 0; i < words.length; ) {
      const end = i + (words[i]! < 0 ? logprobsRecordWords(words, i) : OUTPUT_WORDS);
      if (words[i]! < 0) listener.onLogprobs?.(-words[i]!, words.slice(i + 1, end));
      else listener.onToken(words[i]!, words[i + 1]!, words[i + 2]!);
      i = end;
    }
    return moved;
  }

  /** Collects what is still in flight. @throws when not every block is free then */
  drain(): void {
    while (this.step(nobodyRuns)) {}
    const { kvBlocksUsed, numRunning, numWaiting } = this.stats;
    expect({ kvBlocksUsed, numRunning, numWaiting }).toEqual({ kvBlocksUsed: 0, numRunning: 0, numWaiting: 0 });
  }

  /** The tokens of one request that has the engine to itself. */
  alone(request: TestRequest): readonly number[] {
    const use = newUse(request, request.params.maxTokens!);
    this.run([use]);
    return use.tokens;
  }

  /** Serves `uses`, by default all at once. In the end every block must be free. */
  run(uses: readonly Use[], traffic?: Traffic): void {
    const live = new Map<number, Use>();
    let next = 0;
    let id = 0;
    for (let step = 0; next < uses.length || live.size > 0; step++) {
      expect(step, "steps: requests starve").toBeLessThan(MAX_STEPS);
      for (let arrivals = traffic?.arrivals() ?? uses.length; arrivals > 0 && next < uses.length; arrivals--) {
        const use = uses[next++]!;
        const { prompt, params } = use.request;
        id = this.add(
          { prompt, params: { ...params, maxTokens: use.maxTokens } },
          traffic?.forks?.() ? { forkOf: id } : {},
        );
        live.set(id, use);
      }
      this.step({
        onToken: (id, token, finish) => {
          const use = live.get(id);
          expect(use, `a token for request ${id}, which has ended`).toBeDefined();
          use!.tokens.push(token);
          if (finish !== 0) live.delete(id);
        },
      });
    }
    this.drain();
  }

  [Symbol.dispose](): void {
    this.#core.dispose();
  }
}

/** A request that is about to be used. */
export function newUse(request: TestRequest, maxTokens: number): Use {
  return { request, maxTokens, tokens: [] };
}
