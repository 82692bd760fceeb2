// The core of an engine that makes embeddings. Prompts are computed whole, first come first served, as many in a step as it has rows
// and tokens for; nothing of them stays, so that there is nothing to schedule beyond that.
import { type Backend, OctavoError } from "@octavo/core";
import type { CausalLM, Encoder, PoolingConfig } from "@octavo/models";
import type { SchedulerPauseMode } from "@octavo/scheduler";
import type { ControlCall, ControlReply } from "../core/control-calls.js";
import type { Core } from "../core/core.js";
import { Command } from "../protocol/commands.js";
import { countStep, writePoolingStats } from "../protocol/stats.js";
import { PoolingRunner } from "./pooling-runner.js";
import type { PoolingSizes } from "./pooling-sizes.js";

type Reply = (reply: ControlReply) => void;

/** The prompts of one call, and what is known of their vectors. */
interface Job {
  /** All prompts, one behind the other, and how long each is. */
  readonly tokens: Int32Array;
  readonly lengths: Int32Array;
  /** [prompts, size of a vector] */
  readonly vectors: Float32Array;
  /** Prompts that are in a step or done, and their tokens. */
  numTaken: number;
  tokensTaken: number;
  readonly reply: Reply;
}

const NO_OUTPUTS = { empty: true, take: () => new Int32Array() };

export class PoolingCore implements Core {
  readonly outputs = NO_OUTPUTS;
  readonly kvEvents = undefined;
  readonly idleMs = Number.POSITIVE_INFINITY;
  readonly isLoading = false;
  readonly runner: PoolingRunner;
  readonly #backend: Backend;
  readonly #model: CausalLM | Encoder;
  readonly #stats: Float64Array;
  readonly #jobs: Job[] = [];
  /** What came during a pause that waits for those before it. */
  readonly #held: Job[] = [];
  readonly #untilRest: Reply[] = [];
  #pause: SchedulerPauseMode | undefined;
  /** Prompts of the first job whose vectors are there. */
  #delivered = 0;
  #numWaiting = 0;
  #promptTokens = 0;
  #steps = 0;

  constructor(
    backend: Backend,
    model: CausalLM | Encoder,
    pooling: PoolingConfig,
    sizes: PoolingSizes,
    stats: Float64Array,
  ) {
    this.#backend = backend;
    this.#model = model;
    this.#stats = stats;
    this.runner = new PoolingRunner(backend, model, pooling, sizes);
    this.#publish(0);
  }

  handle(words: Int32Array): void {
    // A request that is not known any more, and a listener for what is never cached.
    if (words[0] === Command.abort || words[0] === Command.release || words[0] === Command.kvEvents) return;
    throw new OctavoError({ code: "INTERNAL", message: `an engine for embeddings has no command ${words[0]}` });
  }

  call(call: ControlCall, reply: Reply): void {
    if (call.method === "embed") this.#add(call.tokens, call.lengths, reply);
    else if (call.method === "pause") {
      this.#pause = call.mode;
      this.#untilRest.push(reply);
      this.#settle();
    } else if (call.method === "resume") {
      this.#pause = undefined;
      this.#jobs.push(...this.#held.splice(0));
      this.#answerRest();
      reply({ value: undefined });
    } else if (/^reset_?prefix_?cache$/i.test(call.name)) {
      reply({ value: true }); // nothing is ever cached
    } else {
      const message = `an engine for embeddings has no method ${JSON.stringify(call.name.slice(0, 100))} to call`;
      reply({ error: { code: "INVALID_ARGUMENT", message, param: "method" } });
    }
  }

  step(): boolean {
    if (this.#jobs.length === 0 || this.#pause === "keep") return false;
    this.runner.begin();
    const numTokens = this.#take();
    countStep(this.#stats, numTokens);
    this.#steps++;
    const { numRows } = this.runner;
    this.#numWaiting -= numRows;
    this.#publish(numRows);
    this.#deliver(this.runner.run());
    this.#promptTokens += numTokens;
    this.#publish(0);
    this.#settle();
    return true;
  }

  #add(tokens: Int32Array, lengths: Int32Array, reply: Reply): void {
    const vectors = new Float32Array(lengths.length * this.runner.size);
    const job: Job = { tokens, lengths, vectors, numTaken: 0, tokensTaken: 0, reply };
    (this.#pause === "wait" ? this.#held : this.#jobs).push(job);
    this.#numWaiting += lengths.length;
    this.#publish(0);
  }

  /** Plans the next prompts in order. @returns their tokens */
  #take(): number {
    let numTokens = 0;
    for (const job of this.#jobs) {
      while (job.numTaken < job.lengths.length) {
        const length = job.lengths[job.numTaken]!;
        if (!this.runner.hasRoom(length)) return numTokens;
        this.runner.add(job.tokens.subarray(job.tokensTaken, job.tokensTaken + length));
        job.tokensTaken += length;
        job.numTaken++;
        numTokens += length;
      }
    }
    return numTokens;
  }

  /** Hands out the vectors of the prompts that the step had, in their order. */
  #deliver(vectors: Float32Array): void {
    const { size } = this.runner;
    const numRows = vectors.length / size;
    for (let row = 0; row < numRows; ) {
      const job = this.#jobs[0]!;
      const count = Math.min(job.numTaken - this.#delivered, numRows - row);
      job.vectors.set(vectors.subarray(row * size, (row + count) * size), this.#delivered * size);
      row += count;
      this.#delivered += count;
      if (this.#delivered < job.lengths.length) break;
      this.#delivered = 0;
      this.#jobs.shift();
      job.reply({ value: job.vectors });
    }
  }

  /** A pause has come to rest when nothing is left that it waits for. */
  #settle(): void {
    if (this.#pause === "keep" || (this.#pause === "wait" && this.#jobs.length === 0)) this.#answerRest();
  }

  #answerRest(): void {
    for (const reply of this.#untilRest.splice(0)) reply({ value: undefined });
  }

  #publish(numRunning: number): void {
    const [numWaiting, promptTokens, steps] = [this.#numWaiting, this.#promptTokens, this.#steps];
    writePoolingStats(this.#stats, { numRunning, numWaiting, promptTokens, steps });
  }

  dispose(): void {
    this.runner.dispose();
    this.#model.dispose();
    this.#backend.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
