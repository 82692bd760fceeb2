// One output of a workload as its client sees it: tokens until the engine or a stop string ends it.
import { FinishReason } from "@octavo/scheduler";
import { StopMatcher } from "@octavo/tokenizer";
import type { TestRequest } from "../engine/workload.js";

/** What came of a request, in words that compare. */
export interface Outcome {
  readonly tokens: readonly number[];
  /** The words of each record of logprobs. */
  readonly logprobs: readonly (readonly number[])[];
  readonly end: string;
}

export class ServedRequest {
  readonly request: TestRequest;
  readonly choice: number;
  readonly tokens: number[] = [];
  /** A code of the scheduler's FinishReason; `none` as long as it runs, and where it was aborted. */
  finish: number = FinishReason.none;
  /** Whether a stop string is complete: the client aborts the request then. */
  stopped = false;
  /** Whether it may end before it is complete: by an abort or its deadline. */
  cut = false;
  readonly #logprobs: number[][] = [];
  readonly #stops: StopMatcher;

  constructor(request: TestRequest, choice = 0) {
    this.request = request;
    this.choice = choice;
    const { stop = [] } = request.params;
    this.#stops = new StopMatcher(typeof stop === "string" ? [stop] : stop);
  }

  acceptLogprobs(words: Int32Array): void {
    if (!this.stopped) this.#logprobs.push([...words]);
  }

  accept(token: number, finish: number): void {
    if (this.stopped) return; // by a token before it in the same step
    if (finish === FinishReason.timeout) {
      this.cut = true;
      return;
    }
    this.finish = finish;
    if (finish === FinishReason.error) return; // there is no token
    this.tokens.push(token);
    // Of these tests' tokens each is a character.
    this.#stops.push(String.fromCharCode(token), this.tokens.length > (this.request.params.minTokens ?? 0));
    this.stopped = this.#stops.matched !== null;
  }

  get outcome(): Outcome {
    const { tokens, finish, stopped } = this;
    return { tokens, logprobs: this.#logprobs, end: stopped ? "stop string" : NAMES[finish]! };
  }
}

const NAMES = Object.fromEntries(Object.entries(FinishReason).map(([name, code]) => [code, name]));
