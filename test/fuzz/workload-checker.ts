// Whether each request of a workload gives what it gives alone, and every block is free in the end.
import type { EngineOptions } from "@octavo/engine";
import { expect } from "vitest";
import { TokenEngine } from "../engine/token-engine.js";
import { AloneRuns } from "./alone.js";
import type { Outcome } from "./served-request.js";
import { withSimulatedClock } from "./simulated-clock.js";
import { engineOptions, MODELS, type Workload } from "./workload.js";
import { WorkloadRun } from "./workload-run.js";

export class WorkloadChecker implements Disposable {
  /** What the workloads so far met, by name. */
  readonly met: Record<string, number> = {};
  readonly #device: EngineOptions;
  readonly #alone: AloneRuns;

  /** @param device options that hold for every engine; with them a request's tokens must depend on nothing but itself */
  constructor(device: EngineOptions) {
    this.#device = device;
    this.#alone = new AloneRuns(device);
  }

  /** @throws where an output differs from that of the request alone, or bookkeeping breaks */
  async check(workload: Workload): Promise<void> {
    const { engine: given = {} } = workload;
    using engine = await TokenEngine.load(MODELS[given.model ?? "full"], { ...engineOptions(given), ...this.#device });
    const run = new WorkloadRun(engine, workload);
    withSimulatedClock(() => run.toEnd());
    for (const [index, served] of run.served.entries()) {
      const alone = await this.#alone.outcome(given, served);
      expect(served.outcome, `output ${index}`).toEqual(served.cut ? beginning(alone, served.outcome) : alone);
    }
    this.#count(workload, run, engine);
  }

  #count({ requests }: Workload, { served }: WorkloadRun, { stats }: TokenEngine): void {
    const counts = {
      workloads: 1,
      outputs: served.length,
      tokens: served.reduce((sum, { tokens }) => sum + tokens.length, 0),
      forks: requests.filter(({ fork = false, n = 1 }) => fork || n > 1).length,
      cut: served.filter(({ cut }) => cut).length,
      stopStrings: served.filter(({ stopped }) => stopped).length,
      steps: stats.steps,
      preempted: stats.numPreemptions,
      cachedTokens: stats.prefixCacheHits,
      loadedTokens: stats.externalPrefixCacheHits,
      drafted: stats.numDraftTokens,
      accepted: stats.numAcceptedTokens,
    };
    for (const [name, count] of Object.entries(counts)) this.met[name] = (this.met[name] ?? 0) + count;
  }

  [Symbol.dispose](): void {
    this.#alone[Symbol.dispose]();
  }
}

/** As much of `whole` as there is of `part`, which was cut off. */
function beginning({ tokens, logprobs }: Outcome, part: Outcome): Outcome {
  return {
    tokens: tokens.slice(0, part.tokens.length),
    logprobs: logprobs.slice(0, part.logprobs.length),
    end: "none",
  };
}
