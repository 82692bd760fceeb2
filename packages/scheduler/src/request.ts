// One request as the scheduler sees it: how far it is, how far it must get, and what it holds.
import { assertInternal, NO_TOKEN, RowInit } from "@octavo/core";
import type { BlockTables } from "@octavo/kv-cache";
import type { DraftRequest } from "./draft-source.js";
import { FinishReason } from "./finish-reason.js";
import { endsInCircle, type RepetitionDetection } from "./repetition.js";
import type { ProcessLogits, RequestSpec } from "./request-spec.js";

const NOTHING = new Int32Array(0);

/** Logprobs of a prompt that one step computes at most: their memory is taken on the host for as long as the engine lives. */
const MAX_SCORED = 2 ** 20;

/** The row of a request that has none. */
export const NO_ROW = -1;

/**
 * There are no phases. A prompt, a sampled token, a cached prefix and a preemption only change how far `computed` is
 * behind `target`; every step moves it on.
 */
export class Request implements DraftRequest {
  readonly id: number;
  /** In what order it came among all; what a pause held back came when that ended. */
  arrival: number;
  readonly priority: number;
  readonly tenant: number;
  /** ms of the scheduler's clock; infinite for most. */
  readonly deadline: number;
  /** Whether shorter prompts may pass it while it waits. */
  readonly isLong: boolean;
  readonly promptLength: number;
  /** Where it ends if no stop token ends it before. */
  readonly maxLength: number;
  readonly stopTokenIds: Int32Array;
  readonly rowInit: Int32Array;
  readonly sequence: BlockTables;
  readonly noDrafts: boolean;
  /** Alternatives to report with each output token; -1: no logprobs. */
  readonly logprobs: number;
  /** The same as `logprobs` for the prompt's tokens. */
  readonly promptLogprobs: number;
  /** Tokens to report the logprobs of with each output token; empty for most. */
  readonly logprobTokenIds: Int32Array;
  /** RowFlags: what of the row's tables edits its logits; 0 for most. */
  readonly flags: number;
  readonly allowedTokenIds: Int32Array;
  readonly logitEdits: Int32Array;
  /** Set where the host changes its logits, too: then nothing of it may be in flight when it is planned. */
  readonly processLogits: ProcessLogits | undefined;
  readonly #repetition: RepetitionDetection | undefined;
  /** Tokens, from the first, that the device has counted or will have when launched steps are done. */
  counted = 0;
  /** Tokens of one step at most while its prompt is scored. */
  readonly #scoredChunk: number;
  /** Prompt tokens whose successors' logprobs are planned; a preemption does not ask for them again. */
  scored = 0;
  /** Prompt, then output; `length` of them are known, `drafts` after those are guessed. */
  tokens: Int32Array;
  length: number;
  /** Tokens that launched steps have computed or will have when they are done. */
  computed = 0;
  /** Samples in launched steps that `update` has not seen. */
  pending = 0;
  /** Tokens after `length` in `tokens` that are guessed: proposed for the step being planned, or in flight with it. */
  drafts = 0;
  /** Drafts that may be proposed now. */
  maxDrafts = 0;
  /** Row of the device tables while it runs. */
  row = NO_ROW;
  /** Prefix tokens found at the first admission; -1 before. */
  cachedTokens = -1;
  /** Whether its blocks outlive it. */
  readonly keepBlocks: boolean;
  /** Tokens that it shares, or will, with the request that it is a fork of; 0 for others. */
  shared = 0;
  /** Who still computes them. */
  parent: Request | undefined;
  /** The first step that may copy the blocks that it shares. */
  forkedAt = 0;
  /** Finished or aborted: samples that are still in flight are dropped. */
  finished = false;

  constructor(spec: RequestSpec, arrival: number, longest: number, sequence: BlockTables, isLong = false) {
    this.id = spec.id;
    this.arrival = arrival;
    this.priority = spec.priority ?? 0;
    this.tenant = spec.tenant ?? 0;
    this.deadline = spec.deadline ?? Number.POSITIVE_INFINITY;
    this.isLong = isLong;
    this.promptLength = this.length = spec.promptTokens.length;
    this.maxLength = Math.min(longest, this.promptLength + spec.maxTokens);
    this.stopTokenIds = spec.stopTokenIds.slice();
    this.rowInit = spec.rowInit.slice();
    this.sequence = sequence;
    this.noDrafts = spec.noDrafts ?? false;
    this.logprobs = spec.logprobs ?? -1;
    this.logprobTokenIds = spec.logprobTokenIds?.slice() ?? NOTHING;
    this.promptLogprobs = spec.promptLogprobs ?? -1;
    this.#scoredChunk = Math.max(1, Math.floor(MAX_SCORED / (1 + this.promptLogprobs)));
    this.flags = this.rowInit[RowInit.flags]!;
    this.allowedTokenIds = spec.allowedTokenIds?.slice() ?? NOTHING;
    this.logitEdits = spec.logitEdits?.slice() ?? NOTHING;
    this.processLogits = spec.processLogits;
    this.#repetition = spec.repetition;
    this.keepBlocks = spec.keepBlocks ?? false;
    // Outputs are often far shorter than allowed, so that the array starts small and doubles.
    this.tokens = new Int32Array(Math.min(this.maxLength, this.length + 64));
    this.tokens.set(spec.promptTokens);
  }

  /** Tokens of one step at most: alternatives for all of a long prompt would take too much memory at once. */
  get longestChunk(): number {
    const isScored = this.promptLogprobs >= 0 && this.scored < this.promptLength - 1;
    return isScored ? this.#scoredChunk : Number.POSITIVE_INFINITY;
  }

  /** Tokens to compute until the next sample. The one at `length` may be in flight: only the device knows it. */
  get target(): number {
    return this.length + this.pending;
  }

  /** Whether its last allowed sample is launched, so that nothing is left to compute. */
  get exhausted(): boolean {
    return this.target >= this.maxLength;
  }

  /** Whether it ever held a row; one that waits then was preempted. */
  get wasAdmitted(): boolean {
    return this.cachedTokens >= 0;
  }

  /** Makes room for drafts. */
  reserve(drafts: number): void {
    while (this.length + drafts > this.tokens.length) this.#enlarge();
  }

  addDraft(token: number): void {
    assertInternal(
      this.drafts < this.maxDrafts,
      `request ${this.id} may have ${this.maxDrafts} drafts, here is one more`,
    );
    this.tokens[this.length + this.drafts++] = token;
  }

  /** Whether the next sampled token is what the draft in its place says. */
  confirms(token: number): boolean {
    return this.tokens[this.length] === token;
  }

  /** Takes a sampled token. @returns whether, and why, the request ends with it */
  append(token: number): FinishReason {
    if (token === NO_TOKEN) return FinishReason.error;
    if (this.length === this.tokens.length) this.#enlarge();
    this.tokens[this.length++] = token;
    for (let i = 0; i < this.stopTokenIds.length; i++) if (this.stopTokenIds[i] === token) return FinishReason.stop;
    if (this.length >= this.maxLength) return FinishReason.length;
    const { tokens, promptLength, length } = this;
    const isCircle = this.#repetition !== undefined && endsInCircle(tokens, promptLength, length, this.#repetition);
    return isCircle ? FinishReason.repetition : FinishReason.none;
  }

  #enlarge(): void {
    const tokens = new Int32Array(Math.min(this.maxLength, 2 * this.tokens.length));
    tokens.set(this.tokens);
    this.tokens = tokens;
  }
}
