// What the scheduler knows of speculative decoding: somebody proposes tokens that a request may go on with, and is told how many
// of them were right. A wrong draft costs time, never a token: what counts is what the device samples at each position.
import type { BlockTables } from "@octavo/kv-cache";

/** A running request, as far as drafting goes. Its last token is known, its keys and values are not. */
export interface DraftRequest {
  readonly id: number;
  readonly promptLength: number;
  /** Prompt and output; the first `length` are known. The array may be replaced by a longer one. */
  readonly tokens: Int32Array;
  readonly length: number;
  /** Row of the device tables. */
  readonly row: number;
  /** A record of core's ROW_INIT_WORDS words: its sampling parameters. */
  readonly rowInit: Int32Array;
  /** Holds blocks for `length + maxDrafts` tokens while {@link DraftSource.propose} runs. */
  readonly sequence: Pick<BlockTables, "tables">;
  /** Drafts that this step has room for. */
  readonly maxDrafts: number;
  /** Drafts so far. */
  readonly drafts: number;
  /** Adds the next draft, of at most `maxDrafts`. */
  addDraft(token: number): void;
}

/** Proposes drafts. All calls come between steps, in the scheduler's thread. */
export interface DraftSource {
  /** Drafts that a request may have in one step, at most. */
  readonly numSpeculativeTokens: number;
  /** A step is being planned, with so many running requests: comes before the calls for each of them. */
  begin(numRunning: number): void;
  /** How many drafts of the request are worth verifying in this step; 0: none. */
  wants(request: DraftRequest): number;
  /** Whether a request with a token in flight is held back until it is known, to have drafts then, instead of running ahead without. */
  holds(request: DraftRequest): boolean;
  /**
   * Adds drafts, up to each request's `maxDrafts`, to the first `count` of `requests`; fewer or none is fine. A source that writes into
   * the requests' blocks runs the KV cache's `copies` before: blocks were just taken.
   */
  propose(requests: readonly DraftRequest[], count: number): void;
  /** The request is `accepted` of its drafts and one token longer than when they were proposed. */
  verified(request: DraftRequest, drafts: number, accepted: number): void;
  /** The request lost its row and blocks: it is over, or was preempted. */
  released(request: DraftRequest): void;
  /** The request is over: finished or aborted. */
  forget(request: DraftRequest): void;
}

/**
 * Drafts that all requests together may have in one step. Each needs a row of logits, of the vocabulary's size; beyond this a
 * step's time grows with every token on any device, and no draft pays.
 */
const MAX_STEP_DRAFTS = 512;

/** Samples that a step has at most. */
export function maxSamples(maxNumSeqs: number, maxNumBatchedTokens: number, numSpeculativeTokens: number): number {
  const drafts = Math.min(maxNumSeqs * numSpeculativeTokens, MAX_STEP_DRAFTS, maxNumBatchedTokens - 1);
  return maxNumSeqs + Math.max(0, drafts);
}
