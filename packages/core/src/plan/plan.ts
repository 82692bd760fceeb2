// A step plan being written or read. The writer is the scheduler; nothing here allocates after construction.
import { OctavoError } from "../errors.js";
import {
  BLOCK_WRITE_WORDS,
  PlanHeader as H,
  PLAN_VERSION,
  type PlanLayout,
  RECORD_HEADER_WORDS,
  ROW_INIT_WORDS,
} from "./layout.js";

/**
 * One step's work as a flat Int32Array. Write with `begin`, then for each request `addRow` followed by its `addToken`s,
 * with `addBlockWrite`, `addRowInit`, `addRecord`, `wantLogprobs` and `addPromptLogprob` in any order, then perhaps `pad`,
 * then `finish`.
 */
export class StepPlan {
  /** Where the sections are. */
  readonly layout: PlanLayout;
  /** The plan itself, laid out as plan/layout.ts says. Valid after `finish`, up to `words[totalWords]`. */
  readonly words: Int32Array;
  // Compact sections are gathered apart and packed by finish(), because their sizes are not known before.
  readonly #blockWrites: Int32Array;
  readonly #rowInits: Int32Array;
  /** Pairs (token index, next token). */
  readonly #promptLogprobs: Int32Array;
  readonly #records: Int32Array;
  #rows = 0;
  #tokens = 0;
  #samples = 0;
  #writes = 0;
  #inits = 0;
  #maxQueryLen = 0;
  #maxSeqLen = 0;
  #bucket = 0;
  #logprobColumns = 0;
  #promptLogprobColumns = 0;
  #numPromptLogprobs = 0;
  #numRecords = 0;
  #recordWords = 0;
  #adjusts = 0;

  constructor(layout: PlanLayout, words: Int32Array = new Int32Array(layout.totalWords)) {
    this.layout = layout;
    this.words = words;
    this.#blockWrites = new Int32Array(layout.blockWriteWords * layout.maxBlockWrites);
    this.#rowInits = new Int32Array(ROW_INIT_WORDS * layout.capacity.maxRows);
    this.#promptLogprobs = new Int32Array(2 * layout.capacity.maxTokens);
    this.#records = new Int32Array(layout.maxRecordWords);
  }

  /** Rows added, padding included. */
  get numRows(): number {
    return this.#rows;
  }
  /** Tokens added. */
  get numTokens(): number {
    return this.#tokens;
  }
  /** Rows that sample. */
  get numSamples(): number {
    return this.#samples;
  }
  /** Prompt tokens whose logprobs are asked for. */
  get numPromptLogprobs(): number {
    return this.#numPromptLogprobs;
  }
  /** How many more block writes fit. */
  get blockWritesLeft(): number {
    return this.layout.maxBlockWrites - this.#writes;
  }

  /** How many more words of records fit, the header of each included. */
  get recordWordsLeft(): number {
    return this.layout.maxRecordWords - this.#recordWords;
  }

  /** Forgets the last step. @param step its number, which grows by one each step */
  begin(step: number): void {
    this.words[H.version] = PLAN_VERSION;
    this.words[H.step] = step;
    this.#rows = this.#tokens = this.#samples = this.#writes = this.#inits = this.#maxQueryLen = this.#maxSeqLen = 0;
    this.#bucket = this.#logprobColumns = this.#numPromptLogprobs = this.#numRecords = this.#recordWords = 0;
    this.#adjusts = this.#promptLogprobColumns = 0;
  }

  /**
   * Adds a request with `queryLen` tokens on top of `contextLen` computed ones. Its tokens follow through `addToken`.
   * @param samples after how many of its last tokens one is sampled: 0 for a chunk that does not reach the request's end, else 1
   *   and one more for each draft
   */
  addRow(row: number, contextLen: number, queryLen: number, samples: number): void {
    const { layout, words } = this;
    const { maxRows, maxTokens, maxSamples } = layout.capacity;
    if (this.#rows >= maxRows) throw overflow(`${maxRows} rows`);
    if (this.#tokens + queryLen > maxTokens) {
      throw overflow(`${maxTokens} tokens, row ${row} adds ${queryLen} to ${this.#tokens}`);
    }
    if (this.#samples + samples > maxSamples) throw overflow(`${maxSamples} samples`);
    const i = this.#rows++;
    words[layout.rowIds + i] = row;
    words[layout.queryStarts + i] = this.#tokens;
    words[layout.contextLens + i] = contextLen;
    for (let t = this.#tokens + queryLen - samples; t < this.#tokens + queryLen; t++) {
      words[layout.sampleRows + this.#samples] = i;
      words[layout.sampleTokens + this.#samples++] = t;
    }
    if (queryLen > this.#maxQueryLen) this.#maxQueryLen = queryLen;
    if (contextLen + queryLen > this.#maxSeqLen) this.#maxSeqLen = contextLen + queryLen;
  }

  /** The next token of the row added last; `LAST_SAMPLED` where only the device knows it. */
  addToken(token: number): void {
    this.words[this.layout.compact + this.#tokens++] = token;
  }

  /**
   * Says that entry `index` of a row's block table is now `block`.
   * @param group of layers, in a layout with several
   * @throws INTERNAL when there are too many
   */
  addBlockWrite(row: number, index: number, block: number, group = 0): void {
    const { blockWriteWords } = this.layout;
    const at = blockWriteWords * this.#writes++;
    if (at >= this.#blockWrites.length) throw overflow(`${this.layout.maxBlockWrites} block writes`);
    this.#blockWrites[at] = row;
    this.#blockWrites[at + 1] = index;
    this.#blockWrites[at + 2] = block;
    if (blockWriteWords > BLOCK_WRITE_WORDS) this.#blockWrites[at + 3] = group;
  }

  /** Copies one record of ROW_INIT_WORDS from `record` and sets its row. */
  addRowInit(row: number, record: Int32Array): void {
    const at = ROW_INIT_WORDS * this.#inits++;
    if (at >= this.#rowInits.length) throw overflow(`${this.layout.capacity.maxRows} row inits`);
    for (let i = 1; i < ROW_INIT_WORDS; i++) this.#rowInits[at + i] = record[i]!;
    this.#rowInits[at] = row;
  }

  /**
   * Changes one row's tables before the step is computed.
   * @param kind one of RowRecord
   * @param first the record's first word, before those of `words` in [from, to); left out where `undefined`
   */
  addRecord(row: number, kind: number, first: number | undefined, words: Int32Array, from: number, to: number): void {
    const lead = first === undefined ? 0 : 1;
    const count = lead + to - from;
    let at = this.#recordWords;
    this.#recordWords += RECORD_HEADER_WORDS + count;
    if (this.#recordWords > this.#records.length) throw overflow(`${this.layout.maxRecordWords} words of records`);
    this.#numRecords++;
    this.#records[at++] = row;
    this.#records[at++] = kind;
    this.#records[at++] = count;
    if (first !== undefined) this.#records[at++] = first;
    for (let i = from; i < to; i++) this.#records[at++] = words[i]!;
  }

  /** Says that a row of this step has RowFlags and samples. */
  wantAdjustment(): void {
    this.#adjusts = 1;
  }

  /** Asks for the logprobs of what this step samples, and of as many most likely tokens. */
  wantLogprobs(alternatives: number): void {
    if (alternatives >= this.#logprobColumns) this.#logprobColumns = alternatives + 1;
  }

  /** Asks for the logprob of `next` after the token added last, which has it as its successor in a prompt. */
  addPromptLogprob(next: number, alternatives: number): void {
    const at = 2 * this.#numPromptLogprobs++;
    this.#promptLogprobs[at] = this.#tokens - 1;
    this.#promptLogprobs[at + 1] = next;
    if (alternatives >= this.#promptLogprobColumns) this.#promptLogprobColumns = alternatives + 1;
  }

  /**
   * Fills a step in which each row has one token and samples up to `bucket` rows, so that one captured graph serves many steps.
   * @param row a row of the tables that no request has: its tokens lie in the null block, what it samples means nothing
   */
  pad(bucket: number, row: number): void {
    while (this.#rows < bucket) {
      this.addRow(row, 0, 1, 1);
      this.addToken(0);
    }
    this.#bucket = bucket;
  }

  /** Completes the header and packs the sections. @returns words used */
  finish(): number {
    const { layout, words } = this;
    words[layout.queryStarts + this.#rows] = this.#tokens;
    let offset = layout.compact;
    words[H.tokensOffset] = offset;
    offset += this.#tokens;
    words[H.blockWritesOffset] = offset;
    const writeWords = layout.blockWriteWords * this.#writes;
    for (let i = 0; i < writeWords; i++) words[offset + i] = this.#blockWrites[i]!;
    offset += writeWords;
    words[H.rowInitsOffset] = offset;
    for (let i = 0; i < ROW_INIT_WORDS * this.#inits; i++) words[offset + i] = this.#rowInits[i]!;
    offset += ROW_INIT_WORDS * this.#inits;
    const scored = this.#numPromptLogprobs;
    words[H.promptLogprobsOffset] = offset;
    for (let i = 0; i < scored; i++) {
      words[offset + i] = this.#promptLogprobs[2 * i]!;
      words[offset + scored + i] = this.#promptLogprobs[2 * i + 1]!;
    }
    offset += 2 * scored;
    words[H.recordsOffset] = offset;
    for (let i = 0; i < this.#recordWords; i++) words[offset + i] = this.#records[i]!;
    offset += this.#recordWords;
    words[H.numRows] = this.#rows;
    words[H.numTokens] = this.#tokens;
    words[H.numSamples] = this.#samples;
    words[H.bucket] = this.#bucket;
    words[H.maxQueryLen] = this.#maxQueryLen;
    words[H.maxSeqLen] = this.#maxSeqLen;
    words[H.numBlockWrites] = this.#writes;
    words[H.numRowInits] = this.#inits;
    words[H.totalWords] = offset;
    words[H.logprobColumns] = this.#logprobColumns;
    words[H.promptLogprobColumns] = this.#promptLogprobColumns;
    words[H.numPromptLogprobs] = scored;
    words[H.numRecords] = this.#numRecords;
    words[H.adjusts] = this.#adjusts;
    return offset;
  }
}

// Not assertInternal: its message would be built on every call, which costs a third of a decode step's planning.
function overflow(bound: string): OctavoError {
  return new OctavoError({ code: "INTERNAL", message: `a plan holds ${bound}` });
}
