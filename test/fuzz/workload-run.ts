// Serves a workload step by step, as its requests come and go.
import { FinishReason } from "@octavo/scheduler";
import type { OutputListener, TokenEngine } from "../engine/token-engine.js";
import type { TestRequest } from "../engine/workload.js";
import { ServedRequest } from "./served-request.js";
import { MAX_MODEL_LEN, textToken, type Workload, type WorkloadEvent, type WorkloadRequest } from "./workload.js";

/** Far above what any workload needs: each of its tokens alone in a step, and computed again for each other request. */
const MAX_STEPS = 5_000;
const DEFAULT_MAX_TOKENS = 4;

interface Live {
  readonly served: ServedRequest;
  readonly keepBlocks: boolean;
  /** The step before which it is aborted. */
  readonly abortAt: number;
}

export class WorkloadRun {
  readonly #listener: OutputListener = {
    onToken: (id, token, finish) => this.#accept(id, token, finish),
    onLogprobs: (id, words) => this.#find(id).served.acceptLogprobs(words),
  };
  /** In the order in which they came; those of one request side by side. */
  readonly served: ServedRequest[] = [];
  readonly #engine: TokenEngine;
  readonly #maxModelLen: number;
  readonly #waiting: WorkloadRequest[];
  readonly #events: WorkloadEvent[];
  readonly #live = new Map<number, Live>();
  /** Finished ones whose blocks are kept. */
  readonly #kept: number[] = [];
  /** Whose stop string came in this step. */
  readonly #stopped: number[] = [];
  /** For each request that came, its first output and that one's id. */
  readonly #firsts: { readonly id: number; readonly served: ServedRequest }[] = [];
  #step = 0;
  /** When the last one came. */
  #lastArrival = 0;

  constructor(engine: TokenEngine, { engine: { maxModelLen = MAX_MODEL_LEN } = {}, requests, events = [] }: Workload) {
    this.#engine = engine;
    this.#maxModelLen = maxModelLen;
    this.#waiting = [...requests];
    this.#events = [...events].sort((a, b) => a.at - b.at);
  }

  /** @throws when bookkeeping breaks, requests starve, or blocks are left in the end */
  toEnd(): void {
    for (; this.#waiting.length > 0 || this.#live.size > 0; this.#step++) {
      if (this.#step === MAX_STEPS) throw new Error(`${this.#live.size} requests starve`);
      while (this.#events.length > 0 && this.#events[0]!.at <= this.#step) this.#do(this.#events.shift()!);
      while (this.#waiting.length > 0 && this.#isDue(this.#waiting[0]!)) this.#arrive(this.#waiting.shift()!);
      for (const [id, { abortAt }] of this.#live) if (abortAt <= this.#step) this.#abort(id);
      const moved = this.#engine.step(this.#listener);
      for (const id of this.#stopped.splice(0)) if (this.#live.delete(id)) this.#engine.abort(id);
      // Nothing would end a pause that the last event began.
      if (!moved && this.#events.length === 0) this.#engine.call({ method: "resume" });
    }
    this.#rest();
  }

  #isDue({ wait = 0, whenIdle = false }: WorkloadRequest): boolean {
    if (whenIdle && this.#live.size > 0) return false;
    if (whenIdle) this.#rest();
    return whenIdle || this.#step >= this.#lastArrival + wait;
  }

  /** All have ended: every block must come free. */
  #rest(): void {
    for (const id of this.#kept.splice(0)) this.#engine.release(id);
    this.#engine.drain();
  }

  #arrive(request: WorkloadRequest): void {
    const { n = 1, fork = false, abortAfter = Number.POSITIVE_INFINITY, keepBlocks = false } = request;
    const { priority = 0, tenant = 0, timeoutMs = -1, cacheSalt = 0 } = request;
    const parent = this.#firsts.at(-(request.from ?? this.#firsts.length + 1));
    const given = this.#testRequest(request, parent?.served);
    const options = { priority, tenant, timeoutMs, cacheSalt, keepBlocks };
    let forkOf = fork && parent ? parent.id : 0;
    for (let choice = 0; choice < n; choice++) {
      // Where there are several outputs, the prompt's logprobs come with the first one.
      const own = choice === 0 ? given : { ...given, params: { ...given.params, promptLogprobs: null } };
      const id = this.#engine.add(own, { ...options, choice, forkOf });
      const served = new ServedRequest(own, choice);
      this.served.push(served);
      this.#live.set(id, { served, keepBlocks, abortAt: this.#step + abortAfter });
      if (choice > 0) continue;
      this.#firsts.push({ id, served });
      forkOf = id;
    }
    this.#lastArrival = this.#step;
  }

  /** Prompt and output have room together. */
  #testRequest(request: WorkloadRequest, parent: ServedRequest | undefined): TestRequest {
    const { text = 0, shared = 0, own = 1, params } = request;
    const beginning = parent
      ? [...parent.request.prompt, ...parent.tokens]
      : Array.from({ length: MAX_MODEL_LEN }, (_, i) => textToken(text, i));
    const ownTokens = Array.from({ length: own }, (_, i) => textToken(text + 1, i));
    const prompt = [...beginning.slice(0, shared), ...ownTokens].slice(0, this.#maxModelLen - 1);
    const maxTokens = Math.min(params?.maxTokens ?? DEFAULT_MAX_TOKENS, this.#maxModelLen - prompt.length);
    const minTokens = Math.min(params?.minTokens ?? 0, maxTokens);
    // Logprobs show a wrong key or value that would not change the token.
    const defaults = { temperature: 0, seed: 0, ignoreEos: true, logprobs: 0 };
    return { prompt, params: { ...defaults, ...params, maxTokens, minTokens } };
  }

  #find(id: number): Live {
    const live = this.#live.get(id);
    if (!live) throw new Error(`an output of request ${id}, which has ended`);
    return live;
  }

  #accept(id: number, token: number, finish: number): void {
    const live = this.#find(id);
    live.served.accept(token, finish);
    if (finish !== FinishReason.none) {
      this.#live.delete(id);
      if (live.keepBlocks && finish !== FinishReason.timeout && finish !== FinishReason.error) this.#kept.push(id);
    } else if (live.served.stopped) {
      this.#stopped.push(id);
    }
  }

  #abort(id: number): void {
    this.#live.get(id)!.served.cut = true;
    this.#live.delete(id);
    this.#engine.abort(id);
  }

  #do({ what }: WorkloadEvent): void {
    if (what === "resume") this.#engine.call({ method: "resume" });
    else if (what === "pause keep" || what === "pause wait") {
      this.#engine.call({ method: "pause", mode: what === "pause keep" ? "keep" : "wait" });
    } else {
      const args = [{ resetRunningRequests: what === "restart" }];
      this.#engine.call({ method: "rpc", name: "resetPrefixCache", args });
    }
  }
}
