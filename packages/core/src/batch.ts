// What the device knows of the requests (tables, one row a request for life) and of one step (batch). `prepareBatch`
// fills the batch from the uploaded plan; attention, KV write and sampling read it.
import { MAX_EDIT_WORDS, type PlanLayout, RECENT_TOKENS } from "./plan/layout.js";
import { type Tensor, tensor } from "./tensor.js";

/** Device tables with one row for each live request. Steps change them only through the plan's differences. */
export interface RowTables {
  /** int32 [numGroups, maxRows, maxBlocksPerRow]: block ids of each row's sequence, for each group of layers; ops read the first group */
  readonly blockTables: Tensor;
  /** int32 [maxRows]: the token each row sampled last */
  readonly lastTokens: Tensor;
  /** int32 [maxRows, ROW_INIT_WORDS]: sampling parameters, as in the plan's row-init records */
  readonly sampling: Tensor;
  /** Exactly when the layout's vocabSize, V, is above 0. */
  readonly records?: RecordTables;
}

/** What the plan's records change, for rows whose RowFlags say so. */
export interface RecordTables {
  /**
   * int32 [maxRows, ceil(V / 2)]: two tokens a word, the even one in the low half. Bit 15 of a half: the token is in the row's prompt;
   * bits 0 to 14: how often it is in the output, at most MAX_TOKEN_COUNT.
   */
  readonly tokenCounts: Tensor;
  /** int32 [maxRows, RECENT_TOKENS]: the row's last tokens, that of a position at position % RECENT_TOKENS; NO_TOKEN before there is one */
  readonly recentTokens: Tensor;
  /** int32 [maxRows, ceil(V / 32)]: bit token % 32 of word token / 32 is set for tokens that may be sampled */
  readonly tokenMasks: Tensor;
  /** int32 [maxRows, 1 + MAX_EDIT_WORDS]: how many words the row's edits have, then those words */
  readonly edits: Tensor;
}

/** Words of one row of a table of {@link RecordTables}. */
export function recordRowWords(table: keyof RecordTables, vocabSize: number): number {
  switch (table) {
    case "tokenCounts":
      return Math.ceil(vocabSize / 2);
    case "recentTokens":
      return RECENT_TOKENS;
    case "tokenMasks":
      return Math.ceil(vocabSize / 32);
    case "edits":
      return 1 + MAX_EDIT_WORDS;
  }
}

/** The shape of each table of {@link RecordTables}. */
export function recordTableShapes({ capacity }: PlanLayout): Record<keyof RecordTables, [rows: number, words: number]> {
  const { maxRows, vocabSize } = capacity;
  return {
    tokenCounts: [maxRows, recordRowWords("tokenCounts", vocabSize)],
    recentTokens: [maxRows, recordRowWords("recentTokens", vocabSize)],
    tokenMasks: [maxRows, recordRowWords("tokenMasks", vocabSize)],
    edits: [maxRows, recordRowWords("edits", vocabSize)],
  };
}

/**
 * The tensors of one step. The addresses are the same in every step; the counts are those of the current one
 * (plain numbers that the host knows from the plan). A captured graph runs again with the counts of its capture: the scheduler
 * fills such steps with rows of no request (`StepPlan.pad`), so that ops need not know; only `maxSeqLen` is then a bound that
 * holds for every step.
 */
export interface Batch {
  /** Of the plan, with the capacities. */
  readonly layout: PlanLayout;
  /** Of all rows, also those that are not in this step. */
  readonly tables: RowTables;
  /** int32 [layout.totalWords]: the uploaded plan */
  readonly plan: Tensor;
  /** int32 [maxTokens]: input ids, filled by prepareBatch */
  readonly inputIds: Tensor;
  /** int32 [maxTokens]: each token's row of the RoPE table, its position plus its request's ropeOffset, filled by prepareBatch */
  readonly positions: Tensor;
  /**
   * int32 [numGroups, maxTokens]: `block * blockSize + offset` where each token's keys and values go, for each group of layers, filled
   * by prepareBatch; writeKv reads the first group
   */
  readonly slots: Tensor;
  /** int32 [maxSamples]: for each sample, the index of the token of this step after which it comes; a part of the plan */
  readonly sampleTokens: Tensor;
  /** Scheduled requests, padding included. */
  numRows: number;
  /** Tokens of all of them. */
  numTokens: number;
  /** Of them, those that sample a token. */
  numSamples: number;
  /** Tokens of the longest chunk. */
  maxQueryLen: number;
  /** Tokens of the longest sequence, context and chunk. */
  maxSeqLen: number;
}

/**
 * The batch as the layers of one group see it, for writeKv and pagedAttention: with that group's block tables and slots.
 * @param group below the layout's numGroups
 */
export function batchOfGroup(batch: Batch, group: number): Batch {
  const { maxRows, maxBlocksPerRow, maxTokens } = batch.layout.capacity;
  const { blockTables } = batch.tables;
  return new GroupBatch(
    batch,
    {
      ...batch.tables,
      blockTables: planSection(blockTables, group * maxRows * maxBlocksPerRow, maxRows * maxBlocksPerRow),
    },
    planSection(batch.slots, group * maxTokens, maxTokens),
  );
}

/** Has the counts of another batch, whatever they are. */
class GroupBatch implements Batch {
  readonly layout: PlanLayout;
  readonly plan: Tensor;
  readonly inputIds: Tensor;
  readonly positions: Tensor;
  readonly sampleTokens: Tensor;
  readonly tables: RowTables;
  readonly slots: Tensor;
  readonly #whole: Batch;

  constructor(whole: Batch, tables: RowTables, slots: Tensor) {
    this.layout = whole.layout;
    this.plan = whole.plan;
    this.inputIds = whole.inputIds;
    this.positions = whole.positions;
    this.sampleTokens = whole.sampleTokens;
    this.tables = tables;
    this.slots = slots;
    this.#whole = whole;
  }

  get numRows(): number {
    return this.#whole.numRows;
  }
  get numTokens(): number {
    return this.#whole.numTokens;
  }
  get numSamples(): number {
    return this.#whole.numSamples;
  }
  get maxQueryLen(): number {
    return this.#whole.maxQueryLen;
  }
  get maxSeqLen(): number {
    return this.#whole.maxSeqLen;
  }
}

/** Words of an uploaded plan, or of another vector of ints, as an int32 tensor [count]. */
export function planSection({ storage, byteOffset }: Tensor, offset: number, count: number): Tensor {
  return tensor("int32", [count], storage, byteOffset + 4 * offset);
}
