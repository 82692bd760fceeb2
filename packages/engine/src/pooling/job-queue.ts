// The prompts that wait for their vectors, in the order in which they are computed: by priority, then as they came.
import type { ControlReply } from "../core/control-calls.js";

/** The prompts of one call, and what is known of their vectors. */
export interface Job {
  /** What it can be aborted by. */
  readonly id: number;
  /** Lower ones are computed first. */
  readonly priority: number;
  /** All prompts, one behind the other, and how long each is. */
  readonly tokens: Int32Array;
  readonly lengths: Int32Array;
  /** [prompts, hidden] */
  readonly vectors: Float32Array;
  readonly reply: (reply: ControlReply) => void;
  /** Prompts that are computed, and their tokens. */
  numDone: number;
  tokensDone: number;
}

/** Some prompts of a job, in a step. */
interface Share {
  readonly job: Job;
  count: number;
}

export class JobQueue {
  readonly #jobs: Job[] = [];
  /** Of the step that is planned, in the order of its rows. */
  readonly #shares: Share[] = [];

  get isEmpty(): boolean {
    return this.#jobs.length === 0;
  }

  /** Behind those of the same priority, also where others of a lower one have begun. */
  add(job: Job): void {
    const before = this.#jobs.findLastIndex(({ priority }) => priority <= job.priority);
    this.#jobs.splice(before + 1, 0, job);
  }

  /** Takes a job out, between two steps. */
  remove(id: number): Job | undefined {
    const index = this.#jobs.findIndex((job) => job.id === id);
    return index < 0 ? undefined : this.#jobs.splice(index, 1)[0];
  }

  /** Takes all of them out, in order. */
  drain(): Job[] {
    return this.#jobs.splice(0);
  }

  /**
   * Plans the next prompts, in order, while there is room.
   * @returns their tokens
   */
  take(hasRoom: (numTokens: number) => boolean, add: (prompt: Int32Array) => void): number {
    this.#shares.length = 0;
    let numTokens = 0;
    for (const job of this.#jobs) {
      const share: Share = { job, count: 0 };
      this.#shares.push(share);
      while (job.numDone + share.count < job.lengths.length) {
        const length = job.lengths[job.numDone + share.count]!;
        if (!hasRoom(length)) return numTokens;
        add(job.tokens.subarray(job.tokensDone, job.tokensDone + length));
        job.tokensDone += length;
        share.count++;
        numTokens += length;
      }
    }
    return numTokens;
  }

  /** Hands out the vectors of the prompts that were taken, [rows, hidden]; jobs that have all of theirs are answered. */
  deliver(vectors: Float32Array, hiddenSize: number): void {
    let from = 0;
    for (const { job, count } of this.#shares) {
      const to = from + count * hiddenSize;
      job.vectors.set(vectors.subarray(from, to), job.numDone * hiddenSize);
      from = to;
      job.numDone += count;
      if (job.numDone < job.lengths.length) continue;
      this.remove(job.id);
      job.reply({ value: job.vectors });
    }
  }
}
