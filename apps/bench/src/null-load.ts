// A load that never ends on the null backend, with Pocket's shapes: what is left is Octavo's own work.
import {
  createStatsBuffer,
  type EngineCore,
  encodeAdd,
  loadCore,
  OUTPUT_WORDS,
  resolveSamplingParams,
} from "@octavo/engine/core";
import { modelPath } from "@octavo/model-pocket";

const PROMPT_TOKENS = 64;
const CONTEXT = 2048;
/** Room for all requests at their longest: whoever is preempted does not run. The backend has no memory behind it. */
const KV_CACHE_BYTES = 4 * 2 ** 30;

export interface NullLoadOptions {
  /** That run at once. */
  readonly requests: number;
  readonly asyncScheduling?: boolean;
  /** Output tokens of the shortest request; the longest has 900 more, or as many again where that is less. Default 1024. */
  readonly outputTokens?: number;
}

export class NullLoad implements Disposable {
  readonly #core: EngineCore;
  readonly #vocabSize: number;
  readonly #outputTokens: number;
  /** Requests that were encoded ahead. */
  readonly #ahead: Int32Array[] = [];
  #lastId = 0;
  #numAdded = 0;

  private constructor(core: EngineCore, vocabSize: number, outputTokens: number) {
    this.#core = core;
    this.#vocabSize = vocabSize;
    this.#outputTokens = outputTokens;
  }

  static async start({ requests, asyncScheduling = false, outputTokens = 1024 }: NullLoadOptions): Promise<NullLoad> {
    const sizes = { maxNumSeqs: requests, maxModelLen: CONTEXT, kvCacheMemoryBytes: KV_CACHE_BYTES };
    const options = { ...sizes, device: "null", asyncScheduling } as const;
    const { core, info } = await loadCore(modelPath, options, new Float64Array(createStatsBuffer()));
    const load = new NullLoad(core, info.vocabSize, outputTokens);
    for (let i = 0; i < requests; i++) core.handle(load.#next());
    return load;
  }

  /** Requests that were begun so far. */
  get numRequests(): number {
    return this.#numAdded;
  }

  /** Makes requests ahead, which is not the engine thread's work. */
  prepare(count: number): void {
    while (this.#ahead.length < count) this.#ahead.push(this.#encode());
  }

  /** One step of the engine; a new request takes the place of each that ends. */
  step(): void {
    this.#core.step();
    const outputs = this.#core.outputs.take();
    for (let i = 0; i < outputs.length; i += OUTPUT_WORDS) if (outputs[i + 2] !== 0) this.#core.handle(this.#next());
  }

  #next(): Int32Array {
    this.#numAdded++;
    return this.#ahead.pop() ?? this.#encode();
  }

  #encode(): Int32Array {
    const id = ++this.#lastId;
    // Ends of different requests are spread out, as in real traffic.
    const maxTokens = this.#outputTokens + ((id * 37) % Math.min(900, this.#outputTokens));
    const context = {
      ...{ defaults: {}, vocabSize: this.#vocabSize },
      ...{ maxModelLen: CONTEXT, numPromptTokens: PROMPT_TOKENS },
    };
    const params = resolveSamplingParams({ maxTokens, temperature: 0, ignoreEos: true }, context);
    const prompt = Int32Array.from({ length: PROMPT_TOKENS }, (_, i) => (id * 7919 + i * 31) % this.#vocabSize);
    return encodeAdd(id, prompt, params, []);
  }

  [Symbol.dispose](): void {
    this.#core.dispose();
  }
}
