// The core of an engine that makes embeddings. Prompts are computed whole, in the order of their queue, as many in a step as it has rows
// and tokens for; nothing of them stays, so that there is nothing to schedule beyond that.
import { type Backend, OctavoError } from "@octavo/core";
import type { CausalLM, Encoder, PoolingConfig } from "@octavo/models";
import type { SchedulerPauseMode } from "@octavo/scheduler";
import type { ControlCall, ControlReply } from "../core/control-calls.js";
import type { Core } from "../core/core.js";
import { Command } from "../protocol/commands.js";
import { countStep, writePoolingStats } from "../protocol/stats.js";
import { JobQueue } from "./job-queue.js";
import { PoolingRunner } from "./pooling-runner.js";
import type { PoolingSizes } from "./pooling-sizes.js";

type Reply = (reply: ControlReply) => void;
type EmbedCall = Extract<ControlCall, { method: "embed" }>;

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
  readonly #jobs = new JobQueue();
  /** What came during a pause that waits for those before it. */
  readonly #held = new JobQueue();
  readonly #untilRest: Reply[] = [];
  #pause: SchedulerPauseMode | undefined;
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
    if (words[0] === Command.abort) this.#abort(words[1]!);
    // A request that is not known any more, and a listener for what is never cached.
    else if (words[0] !== Command.release && words[0] !== Command.kvEvents) this.#refuse(words[0]!);
  }

  #refuse(command: number): never {
    throw new OctavoError({ code: "INTERNAL", message: `an engine for embeddings has no command ${command}` });
  }

  call(call: ControlCall, reply: Reply): void {
    if (call.method === "embed") this.#add(call, reply);
    else if (call.method === "pause") {
      this.#pause = call.mode;
      this.#untilRest.push(reply);
      this.#settle();
    } else if (call.method === "resume") {
      this.#pause = undefined;
      for (const job of this.#held.drain()) this.#jobs.add(job);
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
    if (this.#jobs.isEmpty || this.#pause === "keep") return false;
    const { runner } = this;
    runner.begin();
    const numTokens = this.#jobs.take(runner.hasRoom.bind(runner), runner.add.bind(runner));
    countStep(this.#stats, numTokens);
    this.#steps++;
    const { numRows } = runner;
    this.#numWaiting -= numRows;
    this.#publish(numRows);
    this.#jobs.deliver(runner.run(), runner.size);
    this.#promptTokens += numTokens;
    this.#publish(0);
    this.#settle();
    return true;
  }

  #add({ id, priority, tokens, lengths }: EmbedCall, reply: Reply): void {
    const vectors = new Float32Array(lengths.length * this.runner.size);
    const jobs = this.#pause === "wait" ? this.#held : this.#jobs;
    jobs.add({ id, priority, tokens, lengths, vectors, reply, numDone: 0, tokensDone: 0 });
    this.#numWaiting += lengths.length;
    this.#publish(0);
  }

  /** Answers without vectors, unless it was answered before. */
  #abort(id: number): void {
    const job = this.#jobs.remove(id) ?? this.#held.remove(id);
    if (job === undefined) return;
    this.#numWaiting -= job.lengths.length - job.numDone;
    this.#publish(0);
    job.reply({ value: undefined });
    this.#settle();
  }

  /** A pause has come to rest when nothing is left that it waits for. */
  #settle(): void {
    if (this.#pause === "keep" || (this.#pause === "wait" && this.#jobs.isEmpty)) this.#answerRest();
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
