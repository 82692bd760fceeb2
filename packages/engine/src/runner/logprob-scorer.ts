// Logprobs of sampled tokens and of prompts, as the engine's logprobsMode says.
import { type Backend, PlanHeader, planSection, slice, type Tensor } from "@octavo/core";
import type { CausalLM, ForwardContext } from "@octavo/models";
import type { NamedLogprobs } from "@octavo/scheduler";
import type { LogprobsMode } from "../engine-options.js";
import type { DeviceState } from "./device-state.js";
import type { HostLogprobs } from "./logprob-rows.js";
import type { HostNamedLogprobs } from "./named-logprobs.js";
import type { StepResult } from "./step-graphs.js";
import type { StepSlot } from "./step-slot.js";

export class LogprobScorer {
  readonly #backend: Backend;
  readonly #model: CausalLM;
  readonly #context: ForwardContext;
  readonly #state: DeviceState;
  /** Rows whose logits the workspace holds at once. */
  readonly #maxSamples: number;
  readonly #isRaw: boolean;
  readonly #kind: "logprobs" | "logits";

  constructor(
    backend: Backend,
    model: CausalLM,
    context: ForwardContext,
    state: DeviceState,
    maxSamples: number,
    mode: LogprobsMode,
  ) {
    this.#backend = backend;
    this.#model = model;
    this.#context = context;
    this.#state = state;
    this.#maxSamples = maxSamples;
    this.#isRaw = mode.startsWith("raw");
    this.#kind = mode.endsWith("logits") ? "logits" : "logprobs";
  }

  /**
   * Logprobs of the tokens just sampled, after which nothing needs the step's logits any more.
   * @param changed whether the logits are no longer those of the model
   * @param named further tokens to score
   */
  scoreSamples(
    slot: StepSlot,
    { hidden, logits, mark }: StepResult,
    changed: boolean,
    named: readonly NamedLogprobs[],
  ): void {
    const { batch, sampled } = this.#state;
    const { workspace, ops } = this.#context;
    let scored = logits;
    if (!this.#isRaw) {
      ops.filterLogits(logits, batch);
    } else if (changed) {
      // The same bits again, in the same place: a second buffer for all rows' logits would cost every engine its memory.
      workspace.release(mark);
      scored = this.#model.logits(this.#context, hidden);
    }
    const columns = slot.plan.words[PlanHeader.logprobColumns]!;
    slot.sampledLogprobs.begin(batch.numSamples, columns);
    this.#score(slot.sampledLogprobs, 0, columns, scored, sampled, batch.numSamples);
    if (named.length > 0) this.#scoreNamed(slot.namedLogprobs, scored, batch.numSamples, named);
  }

  /** One named token of every sample at a time: such lists are short, and the op takes one token a row. */
  #scoreNamed(host: HostNamedLogprobs, logits: Tensor, samples: number, named: readonly NamedLogprobs[]): void {
    const { named: ids } = this.#state;
    const count = host.begin(samples, named);
    for (let i = 0; i < count; i++) {
      this.#backend.copy(ids, host.idsAt(i), 4 * samples);
      this.#score(host.rows, i * samples, 1, logits, ids, samples);
    }
  }

  /** Logprobs of the prompts' tokens that the plan names: as many rows at a time as the workspace has room for. */
  scorePrompts(slot: StepSlot, hidden: Tensor): void {
    const { ops, workspace } = this.#context;
    const { words } = slot.plan;
    const count = words[PlanHeader.numPromptLogprobs]!;
    const columns = words[PlanHeader.promptLogprobColumns]!;
    const offset = words[PlanHeader.promptLogprobsOffset]!;
    slot.promptLogprobs.begin(count, columns);
    const mark = workspace.mark();
    for (let first = 0; first < count; first += this.#maxSamples) {
      const rows = Math.min(this.#maxSamples, count - first);
      const picked = workspace.alloc(this.#model.dtype, [rows, this.#model.config.hiddenSize]);
      ops.gatherRows(picked, hidden, this.#planWords(offset + first, rows));
      const logits = this.#model.logits(this.#context, picked);
      const next = this.#planWords(offset + count + first, rows);
      this.#score(slot.promptLogprobs, first, columns, logits, next, rows);
      workspace.release(mark);
    }
  }

  /** Rows of `logits`, as many at a time as the tables have room for, into `host` from row `hostRow` on. */
  #score(host: HostLogprobs, hostRow: number, columns: number, logits: Tensor, tokens: Tensor, count: number): void {
    const { logprobs } = this.#state;
    const most = logprobs.rowsOf(columns);
    for (let first = 0; first < count; first += most) {
      const end = Math.min(count, first + most);
      const out = logprobs.view(end - first, columns);
      this.#backend.ops.logprobs(out, slice(logits, 0, first, end), slice(tokens, 0, first, end), this.#kind);
      host.receive(out, hostRow + first);
    }
  }

  /** A part of the uploaded plan. */
  #planWords(offset: number, count: number): Tensor {
    return planSection(this.#state.batch.plan, offset, count);
  }
}
