// What each request gives when it has an engine to itself. Each runs once, on one engine for each model, dtype and block size:
// attention adds up block by block.
import type { EngineOptions } from "@octavo/engine";
import { TokenEngine } from "../engine/token-engine.js";
import { type Outcome, ServedRequest } from "./served-request.js";
import { ALONE, engineOptions, MODELS, type WorkloadEngine } from "./workload.js";

/** Those of some thousand workloads. */
const MAX_OUTCOMES = 20_000;

export class AloneRuns implements Disposable {
  readonly #device: EngineOptions;
  readonly #engines = new Map<string, TokenEngine>();
  readonly #outcomes = new Map<string, Outcome>();

  constructor(device: EngineOptions) {
    this.#device = device;
  }

  /** What `served` should have given by an engine of the model, dtype and block size of `options`. */
  async outcome(options: WorkloadEngine, { request, choice }: ServedRequest): Promise<Outcome> {
    const { model, dtype, blockSize } = options;
    const name = JSON.stringify([model, dtype, blockSize]);
    const key = JSON.stringify([name, request, choice]);
    const known = this.#outcomes.get(key);
    if (known) return known;
    const engine = await this.#engine(name, options);
    const alone = new ServedRequest(request, choice);
    const id = engine.add(request, { choice });
    const listener = {
      onToken: (_: number, token: number, finish: number) => alone.accept(token, finish),
      onLogprobs: (_: number, words: Int32Array) => alone.acceptLogprobs(words),
    };
    try {
      while (engine.step(listener)) if (alone.stopped) engine.abort(id);
      engine.drain();
    } catch (error) {
      // What it leaves behind must not fail others.
      this.#engines.delete(name);
      engine[Symbol.dispose]();
      throw error;
    }
    if (this.#outcomes.size === MAX_OUTCOMES) this.#outcomes.clear();
    this.#outcomes.set(key, alone.outcome);
    return alone.outcome;
  }

  async #engine(
    name: string,
    { model = "full", dtype = "float32", blockSize = 16 }: WorkloadEngine,
  ): Promise<TokenEngine> {
    const known = this.#engines.get(name);
    if (known) return known;
    const options = { ...engineOptions({ ...ALONE, model, dtype, blockSize }), ...this.#device };
    const loaded = await TokenEngine.load(MODELS[model], options);
    this.#engines.set(name, loaded);
    return loaded;
  }

  [Symbol.dispose](): void {
    for (const engine of this.#engines.values()) engine[Symbol.dispose]();
  }
}
