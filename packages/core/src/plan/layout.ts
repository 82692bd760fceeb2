// The step plan's memory layout: the one description that the scheduler writes, ranks read and the generated C++ header
// (native/include/octavo/step_plan.h) repeats. A plan is an Int32Array: a header, row sections of fixed capacity (so that
// their device addresses never change, which captured graphs need), then compact sections whose offsets the header holds.

/** Raised when the layout changes: ranks refuse a plan of another version. */
export const PLAN_VERSION = 4;

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
  /** Tokens that are sampled; a row with drafts samples several. */
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
  /** Offset of `numBlockWrites` writes (row, index, block), with several groups of layers (row, index, block, group). */
  blockWritesOffset: 11,
  /** Offset of `numRowInits` records of ROW_INIT_WORDS: parameters of rows that were given to a request. */
  rowInitsOffset: 12,
  /** Words of this plan: what must be uploaded. */
  totalWords: 13,
  /** 1 + the most alternatives that a request of this step wants logprobs of for what it samples; 0: none wants any. */
  logprobColumns: 14,
  /** Tokens of this step's prompts whose successors want logprobs. */
  numPromptLogprobs: 15,
  /** Offset of `numPromptLogprobs` indices of tokens of this step, followed by as many ids: the prompts' next tokens. */
  promptLogprobsOffset: 16,
  /** Records of what edits a row's logits: each [row, a RowRecord kind, words, as many words]. */
  numRecords: 17,
  recordsOffset: 18,
  /** 1 when a row that samples has any RowFlags: its logits must be adjusted. */
  adjusts: 19,
  /** As logprobColumns, for the tokens of prompts. */
  promptLogprobColumns: 20,
} as const;

/** Words before the row sections. */
export const PLAN_HEADER_WORDS = 24;

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
  /** RowFlags, added up. */
  flags: 9,
  /** float above 0; 1 means off */
  repetitionPenalty: 10,
  /** float; 0 means off */
  presencePenalty: 11,
  /** float; 0 means off */
  frequencyPenalty: 12,
  /** Tokens of the request before its first output. */
  promptLength: 13,
} as const;

/** Words of a row-init record. */
export const ROW_INIT_WORDS = 14;

/** What of a row's tables (`RecordTables`) is in use. A row-init record empties those that it names. */
export const RowFlags = {
  /** Tokens are counted, and the last ones kept, from `history` records and as they are sampled. Edits with tokens before need it. */
  history: 1,
  /** Only the tokens of the row's last `allowed` record may be sampled. */
  allowed: 2,
  /** The row's last `edits` record applies. */
  edits: 4,
} as const;

/** Kinds of records that change one row's tables. */
export const RowRecord = {
  /**
   * `[position of the first, tokens...]`: tokens of the request, counted and remembered once each. All that the host knows when a row
   * with RowFlags.history is planned must have come by then; a token of LAST_SAMPLED the device adds itself, drafts nobody does.
   */
  history: 1,
  /** `[token ids...]` */
  allowed: 2,
  /**
   * Edits one after the other: `[words of this edit, token, bias as float32 bits, until, tokens before...]`. While the sampled token's
   * position is below `until` and the request's output so far ends with the tokens before, `bias` is added to the token's logit.
   */
  edits: 3,
} as const;

/** Words of the edits that one request may have. */
export const MAX_EDIT_WORDS = 4096;

/** The longest list of tokens before, in an edit. */
export const MAX_EDIT_CONTEXT = 31;

/** Words of an edit before its tokens before. */
export const EDIT_HEADER_WORDS = 4;

/** The last tokens of a row that the device keeps. */
export const RECENT_TOKENS = 32;

/** Counts of tokens in an output end here. */
export const MAX_TOKEN_COUNT = 0x7fff;

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
  /** Tokens that a step samples. Default: maxRows, one each. */
  readonly maxSamples?: number;
  /** Groups of layers with block tables of their own. Default: 1. */
  readonly numGroups?: number;
  /** Makes room for records about as many token ids. Default 0: there are no records. */
  readonly vocabSize?: number;
}

/** Word offsets of the row sections, and the size of a plan that always suffices. */
export interface PlanLayout {
  /** What the layout is for. */
  readonly capacity: Required<PlanCapacity>;
  /** [maxRows] table row of each scheduled request */
  readonly rowIds: number;
  /** [maxRows + 1] first token of each scheduled request; the last entry is numTokens */
  readonly queryStarts: number;
  /** [maxRows] tokens of each scheduled request that earlier steps computed */
  readonly contextLens: number;
  /** [maxSamples] for each sample, the index of its scheduled request */
  readonly sampleRows: number;
  /** [maxSamples] for each sample, the index of the token of this step after which it comes */
  readonly sampleTokens: number;
  /** Where the compact sections begin. */
  readonly compact: number;
  /** Block writes that fit; the scheduler admits no more than this in one step. */
  readonly maxBlockWrites: number;
  /** Words of one block write. */
  readonly blockWriteWords: number;
  /** Words of records that fit, with what one request can need at most and what running rows add to their histories. */
  readonly maxRecordWords: number;
  /** Words of a plan that always suffices. */
  readonly totalWords: number;
}

/** Words of a block write in a plan of one group of layers; several need one more, the group. */
export const BLOCK_WRITE_WORDS = 3;

/** Words of a record before its own. */
export const RECORD_HEADER_WORDS = 3;

/** Where the sections of plans for such capacities begin. */
export function planLayout(asked: PlanCapacity): PlanLayout {
  const { numGroups = 1, maxSamples = asked.maxRows, vocabSize = 0 } = asked;
  const capacity = { ...asked, numGroups, maxSamples, vocabSize };
  const { maxRows, maxTokens, maxBlocksPerRow, blockSize } = capacity;
  const rowIds = PLAN_HEADER_WORDS;
  const queryStarts = rowIds + maxRows;
  const contextLens = queryStarts + maxRows + 1;
  const sampleRows = contextLens + maxRows;
  const sampleTokens = sampleRows + maxSamples;
  const compact = sampleTokens + maxSamples;
  // Each row may start one block beside those that its tokens fill; two whole tables leave room for prefix hits.
  const maxBlockWrites = numGroups * (maxRows + Math.ceil(maxTokens / blockSize) + 2 * maxBlocksPerRow);
  const blockWriteWords = numGroups === 1 ? BLOCK_WRITE_WORDS : BLOCK_WRITE_WORDS + 1;
  const wholeRequest = maxBlocksPerRow * blockSize + vocabSize + MAX_EDIT_WORDS + 3 * RECORD_HEADER_WORDS;
  const maxRecordWords = vocabSize > 0 ? wholeRequest + (RECORD_HEADER_WORDS + 1) * maxRows + 2 * maxSamples : 0;
  const rest = blockWriteWords * maxBlockWrites + ROW_INIT_WORDS * maxRows + 2 * maxTokens + maxRecordWords;
  const totalWords = compact + maxTokens + rest;
  return {
    capacity,
    rowIds,
    queryStarts,
    contextLens,
    sampleRows,
    sampleTokens,
    compact,
    maxBlockWrites,
    blockWriteWords,
    maxRecordWords,
    totalWords,
  };
}
