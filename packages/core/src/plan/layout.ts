// The step plan's memory layout: the one description that the scheduler writes, ranks read and the generated C++ header
// (native/include/octavo/step_plan.h) repeats. A plan is an Int32Array: a header, row sections of fixed capacity (so that
// their device addresses never change, which captured graphs need), then compact sections whose offsets the header holds.

/** Raised when the layout changes: ranks refuse a plan of another version. */
export const PLAN_VERSION = 2;

/** Words of the header, by index. */
export const PlanHeader = {
  /** PLAN_VERSION of the writer. */
  version: 0,
  /** Counts launched steps. */
  step: 1,
  /** Rows (requests) in this step. */
  numRows: 2,
  /** Tokens of all rows. */
  numTokens: 3,
  /** Rows that sample a token. */
  numSamples: 4,
  /** Rows after padding (`StepPlan.pad`), which the counts include; 0 for a step that was not padded. */
  bucket: 5,
  /** The longest chunk of any row. */
  maxQueryLen: 6,
  /** The longest sequence (context plus chunk) of any row. */
  maxSeqLen: 7,
  /** Block table entries that changed. */
  numBlockWrites: 8,
  /** Rows that were given to a request. */
  numRowInits: 9,
  /** Offset in words of the tokens section: `numTokens` ids; -1 stands for the row's last sampled token. */
  tokensOffset: 10,
  /** Offset of `numBlockWrites` triples (row, index, block): block table entries that changed. */
  blockWritesOffset: 11,
  /** Offset of `numRowInits` records of ROW_INIT_WORDS: parameters of rows that were given to a request. */
  rowInitsOffset: 12,
  /** Words of this plan: what must be uploaded. */
  totalWords: 13,
  /** 1 + the most alternatives that a request of this step wants logprobs of; 0: none wants any. */
  logprobColumns: 14,
  /** Tokens of this step's prompts whose successors want logprobs. */
  numPromptLogprobs: 15,
  /** Offset of `numPromptLogprobs` indices of tokens of this step, followed by as many ids: the prompts' next tokens. */
  promptLogprobsOffset: 16,
} as const;

/** Words before the row sections. */
export const PLAN_HEADER_WORDS = 20;

/** Words of one row-init record. Floats are stored as their float32 bits. */
export const RowInit = {
  /** The table row that the record is for. */
  row: 0,
  /** float; 0 means greedy */
  temperature: 1,
  /** float in (0, 1]; 1 means off */
  topP: 2,
  /** float in [0, 1]; 0 means off */
  minP: 3,
  /** 0 means off */
  topK: 4,
  /** Lower 32 bits of the seed. */
  seedLow: 5,
  /** Upper 32 bits of the seed. */
  seedHigh: 6,
  /** Which of the request's parallel samples this row is. */
  choice: 7,
  /** Where the request's positions begin in the RoPE table, for models with several sets of frequencies; usually 0 */
  ropeOffset: 8,
} as const;

/** Words of a row-init record. */
export const ROW_INIT_WORDS = 9;

/** Stands for "the token that this row sampled last", which only the device may know yet. */
export const LAST_SAMPLED = -1;

/** What `sample` gives when no logit is above negative infinity: there is no token to pick. */
export const NO_TOKEN = -1;

/** Block 0 is never given out: padding rows and unused table entries point to it. */
export const NULL_BLOCK = 0;

/** What bounds a plan's size. */
export interface PlanCapacity {
  /** Rows of the device tables (`max_num_seqs`). */
  readonly maxRows: number;
  /** Tokens in one step (`max_num_batched_tokens`). */
  readonly maxTokens: number;
  /** Block table entries a row. */
  readonly maxBlocksPerRow: number;
  /** Tokens a block. */
  readonly blockSize: number;
}

/** Word offsets of the row sections, and the size of a plan that always suffices. */
export interface PlanLayout {
  /** What the layout is for. */
  readonly capacity: PlanCapacity;
  /** [maxRows] table row of each scheduled request */
  readonly rowIds: number;
  /** [maxRows + 1] first token of each scheduled request; the last entry is numTokens */
  readonly queryStarts: number;
  /** [maxRows] tokens of each scheduled request that earlier steps computed */
  readonly contextLens: number;
  /** [maxRows] for each sample, the index of its scheduled request */
  readonly sampleRows: number;
  /** Where the compact sections begin. */
  readonly compact: number;
  /** Block writes that fit; the scheduler admits no more than this in one step. */
  readonly maxBlockWrites: number;
  /** Words of a plan that always suffices. */
  readonly totalWords: number;
}

/** Where the sections of plans for such capacities begin. */
export function planLayout(capacity: PlanCapacity): PlanLayout {
  const { maxRows, maxTokens, maxBlocksPerRow, blockSize } = capacity;
  const rowIds = PLAN_HEADER_WORDS;
  const queryStarts = rowIds + maxRows;
  const contextLens = queryStarts + maxRows + 1;
  const sampleRows = contextLens + maxRows;
  const compact = sampleRows + maxRows;
  // Each row may start one block beside those that its tokens fill; two whole tables leave room for prefix hits.
  const maxBlockWrites = maxRows + Math.ceil(maxTokens / blockSize) + 2 * maxBlocksPerRow;
  const totalWords = compact + maxTokens + 3 * maxBlockWrites + ROW_INIT_WORDS * maxRows + 2 * maxTokens;
  return { capacity, rowIds, queryStarts, contextLens, sampleRows, compact, maxBlockWrites, totalWords };
}
