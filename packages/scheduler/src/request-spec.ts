// What the scheduler must know of a request.
import type { RepetitionDetection } from "./repetition.js";

/**
 * Changes one sample's logits on the host, after penalties and edits and before temperature.
 * @param logits [vocab], changed in place
 * @param outputTokenIds what the request has generated so far; valid during the call
 */
export type ProcessLogits = (logits: Float32Array, outputTokenIds: Int32Array) => void;

/** The arrays are copied: they may be windows into a buffer that is used again. */
export interface RequestSpec {
  /** Any number that no unfinished request has. */
  readonly id: number;
  /** At least one token. */
  readonly promptTokens: Int32Array;
  /** Output tokens at most. May be far more than the model's length: the shorter limit holds. */
  readonly maxTokens: number;
  /** Sampling one of these ends the request. */
  readonly stopTokenIds: Int32Array;
  /** Sampling parameters: a record of core's ROW_INIT_WORDS words, whose `row` is ignored. */
  readonly rowInit: Int32Array;
  /** Requests share cached prefixes only with those of the same salt. A safe integer, not negative. Default: 0. */
  readonly cacheSalt?: number;
  /** Never give it drafts, whatever the draft source has: for tokens that the host itself decides about. Default: false. */
  readonly noDrafts?: boolean;
  /** Report each output token's logprob and those of so many most likely tokens. Default: none. */
  readonly logprobs?: number;
  /** Report, with `logprobs`, those of these tokens as well. Default: none. */
  readonly logprobTokenIds?: Int32Array;
  /** The same for each token of the prompt but the first. Such a prompt is computed whole, cached or not. Default: none. */
  readonly promptLogprobs?: number;
  /** With RowFlags.allowed in `rowInit`: the only tokens that may be sampled. */
  readonly allowedTokenIds?: Int32Array;
  /** With RowFlags.edits: the words of an `edits` record (core's RowRecord). */
  readonly logitEdits?: Int32Array;
  /** Ends the output when it goes round in such circles. Default: never. */
  readonly repetition?: RepetitionDetection;
  /** Called for each sample. Such a request is planned only when nothing of it is in flight. Default: none. */
  readonly processLogits?: ProcessLogits;
  /** With the policy "priority": lower values first. Default: 0. */
  readonly priority?: number;
  /** With the policy "fairness": whose request it is. Default: 0. */
  readonly tenant?: number;
  /** When it ends if it is not done, in ms of the scheduler's clock. Default: never. */
  readonly deadline?: number;
  /**
   * The id of an unfinished request, or of one whose blocks are kept: the tokens with which both begin are computed once, and the
   * blocks that hold them are shared, the last one too until one of the two writes into it. The salts must be the same. An id that
   * is unknown by now changes nothing but the time it takes. Default: none.
   */
  readonly forkOf?: number;
  /**
   * When the request has finished, keep its blocks for forks (`forkOf`) until `Scheduler.release`, or until others need them: how a
   * beam search continues what it has. To a pause such forks are the same request going on: it does not hold them back, and "wait" waits
   * for the release. Default: false.
   */
  readonly keepBlocks?: boolean;
}
