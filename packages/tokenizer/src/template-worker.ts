// Chat templates come from model files that nobody has read. They are rendered in a worker thread with a bound on time and memory: a
// template that loops or makes gigabytes costs its own request, and the thread, which is replaced.
import { Worker } from "node:worker_threads";
import type { TemplateAnswer, TemplateJob } from "./template-messages.js";

/** A rendering takes less than a millisecond, a long conversation with tools a few. With the replies around it, less than a second. */
const MAX_RENDER_MS = 700;
/** Above a prompt of the longest context many times over. */
const MAX_HEAP_MB = 256;

interface Pending {
  readonly job: TemplateJob;
  readonly resolve: (text: string) => void;
  readonly reject: (error: Error) => void;
}

/** Jobs in order, one at a time. */
class TemplateWorker {
  #worker: Worker | null = null;
  #isReady = false;
  readonly #queue: Pending[] = [];
  /** Whether the first of the queue is with the worker. */
  #busy = false;
  #timer: NodeJS.Timeout | undefined;

  render(job: TemplateJob): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ job, resolve, reject });
      this.#worker ??= this.#start();
      this.#next();
    });
  }

  #start(): Worker {
    // A worker inherits the flags of this process; those that belong to `node -e` would keep it from starting.
    const execArgv = process.execArgv.filter((flag) => !flag.startsWith("--input-type"));
    const url = new URL("./template-thread.js", import.meta.url);
    const resourceLimits = { maxOldGenerationSizeMb: MAX_HEAP_MB, maxYoungGenerationSizeMb: 32 };
    const worker = new Worker(url, { execArgv, resourceLimits, name: "octavo-templates" });
    worker.on("message", (answer: TemplateAnswer) => {
      if (worker === this.#worker) this.#onAnswer(answer);
    });
    worker.on("error", (error: NodeJS.ErrnoException) => {
      const isFull = error.code === "ERR_WORKER_OUT_OF_MEMORY";
      this.#fail(worker, isFull ? `it needs more than ${MAX_HEAP_MB} MB of memory` : error.message);
    });
    worker.on("exit", () => this.#fail(worker, "its thread ended"));
    worker.unref();
    return worker;
  }

  #next(): void {
    const first = this.#queue[0];
    if (first === undefined || this.#busy || !this.#isReady) {
      if (first !== undefined) this.#worker?.ref();
      return;
    }
    const worker = this.#worker!;
    this.#busy = true;
    worker.ref();
    this.#timer = setTimeout(() => {
      this.#fail(worker, `it takes more than ${MAX_RENDER_MS} ms; look for an endless loop`);
    }, MAX_RENDER_MS);
    try {
      worker.postMessage(first.job);
    } catch (error) {
      this.#finish()?.reject(error as Error); // not plain data
    }
  }

  #onAnswer(answer: TemplateAnswer): void {
    if (answer === "ready") {
      this.#isReady = true;
      this.#next();
      return;
    }
    const done = this.#finish();
    if ("text" in answer) done?.resolve(answer.text);
    else done?.reject(new Error(answer.error));
  }

  /** Takes the first of the queue away, and begins the next one. */
  #finish(): Pending | undefined {
    clearTimeout(this.#timer);
    this.#busy = false;
    const done = this.#queue.shift();
    if (this.#queue.length === 0) this.#worker?.unref();
    else this.#next();
    return done;
  }

  /** The first job ends with an error and so does its worker; the rest goes to a new one. */
  #fail(worker: Worker, message: string): void {
    if (worker !== this.#worker) return;
    clearTimeout(this.#timer);
    const wasReady = this.#isReady;
    this.#worker = null;
    this.#isReady = false;
    this.#busy = false;
    void worker.terminate();
    // A thread that cannot even start would be started for ever.
    const lost = wasReady ? this.#queue.splice(0, 1) : this.#queue.splice(0);
    for (const { reject } of lost) reject(new Error(message));
    if (this.#queue.length > 0) {
      this.#worker = this.#start();
      this.#worker.ref();
    }
  }
}

let shared: TemplateWorker | undefined;

/**
 * Renders a template in the process's thread for templates, which is started when first needed.
 * @throws Error of the template, also for too much time or memory
 */
export function renderInThread(source: string, variables: Readonly<Record<string, unknown>>): Promise<string> {
  shared ??= new TemplateWorker();
  return shared.render({ source, variables });
}
