// Executes plans as a real device does, through tables, slots and last sampled tokens, with integers for keys and values.
import {
  assertInternal,
  LAST_SAMPLED,
  NULL_BLOCK,
  PLAN_VERSION,
  PlanHeader,
  type PlanLayout,
  ROW_INIT_WORDS,
  RowInit,
  type StepPlan,
} from "@octavo/core";
import { type BlockCopies, COPY_WORDS, KvTier } from "@octavo/kv-cache";
import { EMPTY_HISTORY, extendHistory, nextToken } from "./fake-model.js";
import { FakeRowTables } from "./fake-row-tables.js";

type Copy = readonly [number, number, number, number];

/**
 * Two layers of cache for each group of layers. The first holds each position's token, the second the hash of all tokens up to it, made from what
 * the first layer holds. Reading a row checks both at every position, so that a block that is wrong, stale or not written
 * yet is noticed even when it holds the right token.
 */
export class FakeDevice {
  /** Seeds of row inits in the order in which they came. */
  readonly seenSeeds: number[] = [];
  readonly #layout: PlanLayout;
  readonly #vocabSize: number;
  readonly #slidingWindows: readonly number[];
  readonly #blockTables: Int32Array;
  readonly #lastTokens: Int32Array;
  readonly #seeds: Int32Array;
  readonly #tables: FakeRowTables;
  readonly #tokens: Int32Array;
  /** With the group: position * groups + group. */
  readonly #positions: Int32Array;
  readonly #histories: Uint32Array;
  /** The blocks of the other tiers. */
  readonly #away = new Map<string, readonly [Int32Array, Int32Array, Uint32Array]>();
  #steps = 0;

  /** @param slidingWindows for each group, the tokens that a token sees, itself included; blocks of others may be anybody's */
  constructor(
    layout: PlanLayout,
    numBlocks: number,
    vocabSize: number,
    slidingWindows: readonly number[] = [Number.POSITIVE_INFINITY],
  ) {
    this.#slidingWindows = slidingWindows;
    const { maxRows, maxBlocksPerRow, blockSize, numGroups } = layout.capacity;
    assertInternal(numGroups === slidingWindows.length, `${numGroups} groups have ${slidingWindows.length} windows`);
    this.#layout = layout;
    this.#vocabSize = vocabSize;
    this.#blockTables = new Int32Array(numGroups * maxRows * maxBlocksPerRow);
    this.#lastTokens = new Int32Array(maxRows).fill(LAST_SAMPLED);
    this.#seeds = new Int32Array(maxRows);
    this.#tables = new FakeRowTables(maxRows);
    this.#tokens = new Int32Array(numBlocks * blockSize);
    this.#positions = new Int32Array(numBlocks * blockSize).fill(-1);
    this.#histories = new Uint32Array(numBlocks * blockSize);
  }

  /**
   * Runs the copy commands that come with the next plan, and clears them.
   * @returns the blocks of the file that were written or read, to be settled
   * @throws INTERNAL for a block that is not there
   */
  copy(copies: BlockCopies): number[] {
    const filed: number[] = [];
    const { blockSize } = this.#layout.capacity;
    const layers = [this.#tokens, this.#positions, this.#histories] as const;
    for (let i = 0; i < copies.count; i++) {
      const [fromTier, from, toTier, to] = copies.words.subarray(
        COPY_WORDS * i,
        COPY_WORDS * (i + 1),
      ) as unknown as Copy;
      assertInternal(
        from !== NULL_BLOCK && to !== NULL_BLOCK,
        `block ${from} of tier ${fromTier} is copied to block ${to}`,
      );
      const source =
        fromTier === KvTier.device
          ? layers.map((layer) => layer.slice(from * blockSize, (from + 1) * blockSize))
          : this.#away.get(`${fromTier} ${from}`);
      assertInternal(source, `block ${from} of tier ${fromTier} is copied, nothing was ever written to it`);
      if (fromTier === KvTier.file) filed.push(from);
      if (toTier === KvTier.file) filed.push(to);
      if (toTier === KvTier.device) for (const [l, layer] of layers.entries()) layer.set(source[l]!, to * blockSize);
      else this.#away.set(`${toTier} ${to}`, source as [Int32Array, Int32Array, Uint32Array]);
    }
    copies.clear();
    return filed;
  }

  /** Runs a finished plan. @returns the sampled tokens, in the plan's sample order; @throws INTERNAL on a wrong plan */
  execute({ words }: StepPlan): Int32Array {
    assertInternal(words[PlanHeader.version] === PLAN_VERSION, `plan version ${words[PlanHeader.version]}`);
    assertInternal(
      words[PlanHeader.step] === this.#steps,
      `step ${words[PlanHeader.step]} came as number ${this.#steps}`,
    );
    this.#steps++;
    this.#applyRowInits(words);
    this.#applyBlockWrites(words);
    this.#tables.applyRecords(words);
    const rows = this.#requestRows(words);
    const numRows = rows.length;
    assertInternal(new Set(rows).size === numRows, `a row is planned twice: ${rows}`);
    for (let i = 0; i < numRows; i++) this.#writeFirstLayer(words, i);
    this.#eachGroup(numRows, (i, group) => this.#writeSecondLayer(words, i, group));
    const sampled = new Int32Array(words[PlanHeader.numSamples]!);
    this.#eachGroup(numRows, (i, group) => this.#attend(words, i, group));
    for (let s = 0; s < sampled.length; s++) {
      const i = words[this.#layout.sampleRows + s]!;
      if (i >= numRows) continue;
      const row = rows[i]!;
      const token = words[this.#layout.sampleTokens + s]!;
      sampled[s] = this.#sample(words, i, row, token);
      if (token === words[this.#layout.queryStarts + i + 1]! - 1) this.#lastTokens[row] = sampled[s]!;
    }
    return sampled;
  }

  #eachGroup(numRows: number, visit: (i: number, group: number) => void): void {
    for (let group = 0; group < this.#slidingWindows.length; group++) {
      for (let i = 0; i < numRows; i++) visit(i, group);
    }
  }

  /** @param token of this step, after which it samples */
  #sample(words: Int32Array, i: number, row: number, token: number): number {
    const { sampleRows, sampleTokens } = this.#layout;
    const edits = this.#tables.editsOf(row);
    if (edits) {
      assertInternal(words[PlanHeader.adjusts] === 1, `row ${row} has flags, the plan adjusts nothing`);
      if (edits.history) {
        const { contextLens, queryStarts } = this.#layout;
        // Drafts, which follow the row's first sample, are not counted.
        const firstSample = words[sampleTokens + words.subarray(sampleRows, sampleTokens).indexOf(i)]!;
        const end = words[contextLens + i]! + firstSample + 1 - words[queryStarts + i]!;
        // What is before the window may be others' by now.
        const first = Math.max(0, end - this.#slidingWindows[0]!);
        const tokens = Array.from({ length: end - first }, (_, at) => this.#tokens[this.#slot(row, first + at, 0)]!);
        const isSame = end === edits.history.length && tokens.every((t, at) => t === edits.history![first + at]);
        assertInternal(isSame, `row ${row} has counted ${edits.history}, its tokens from ${first} on are ${tokens}`);
      }
    }
    return nextToken(this.#historyAt(words, i, token), this.#seeds[row]!, this.#vocabSize, edits);
  }

  /** Rows of requests: those of padding come after them and are checked. */
  #requestRows(words: Int32Array): Int32Array {
    const { rowIds, queryStarts, contextLens, capacity } = this.#layout;
    const numRows = words[PlanHeader.numRows]!;
    const rows = words.subarray(rowIds, rowIds + numRows);
    const bucket = words[PlanHeader.bucket]!;
    if (bucket === 0) return rows;
    const padding = rows.indexOf(capacity.maxRows - 1);
    const numRequests = padding < 0 ? numRows : padding;
    assertInternal(
      bucket === numRows && numRequests > 0,
      `bucket ${bucket} has ${numRows} rows, of requests ${numRequests}`,
    );
    for (let i = 0; i < numRows; i++)
      assertInternal(words[queryStarts + i + 1] === i + 1, `row ${i} of a bucket has more than a token`);
    for (let i = numRequests; i < numRows; i++) {
      const isPadding = rows[i] === capacity.maxRows - 1 && words[contextLens + i] === 0;
      assertInternal(isPadding, `row ${rows[i]} comes after padding`);
    }
    return rows.subarray(0, numRequests);
  }

  #applyRowInits(words: Int32Array): void {
    for (let i = 0; i < words[PlanHeader.numRowInits]!; i++) {
      const at = words[PlanHeader.rowInitsOffset]! + ROW_INIT_WORDS * i;
      const row = words[at + RowInit.row]!;
      this.#seeds[row] = words[at + RowInit.seedLow]!;
      this.#tables.begin(row, words[at + RowInit.flags]!);
      this.#lastTokens[row] = LAST_SAMPLED;
      this.seenSeeds.push(this.#seeds[row]!);
    }
  }

  #applyBlockWrites(words: Int32Array): void {
    const { maxBlocksPerRow, maxRows, numGroups } = this.#layout.capacity;
    for (let i = 0; i < words[PlanHeader.numBlockWrites]!; i++) {
      const at = words[PlanHeader.blockWritesOffset]! + this.#layout.blockWriteWords * i;
      const [row, index, block] = [words[at]!, words[at + 1]!, words[at + 2]!];
      const group = numGroups > 1 ? words[at + 3]! : 0;
      assertInternal(index < maxBlocksPerRow, `block ${index} of row ${row}, whose table has ${maxBlocksPerRow}`);
      assertInternal(group < numGroups, `group ${group} of ${numGroups}`);
      this.#blockTables[(group * maxRows + row) * maxBlocksPerRow + index] = block;
    }
  }

  #writeFirstLayer(words: Int32Array, i: number): void {
    const { rowIds, queryStarts, contextLens } = this.#layout;
    const row = words[rowIds + i]!;
    const start = words[queryStarts + i]!;
    for (let t = start; t < words[queryStarts + i + 1]!; t++) {
      const position = words[contextLens + i]! + t - start;
      const planned = words[words[PlanHeader.tokensOffset]! + t]!;
      const token = planned === LAST_SAMPLED ? this.#lastTokens[row]! : planned;
      assertInternal(token >= 0, `row ${row} feeds a token at ${position} that it has not sampled`);
      if (planned === LAST_SAMPLED) this.#tables.count(row, position, token);
      for (let group = 0; group < this.#slidingWindows.length; group++) {
        const slot = this.#slot(row, position, group);
        this.#tokens[slot] = token;
        this.#positions[slot] = position * this.#slidingWindows.length + group;
        this.#histories[slot] = 0;
      }
    }
  }

  #writeSecondLayer(words: Int32Array, i: number, group: number): void {
    const { rowIds, queryStarts, contextLens } = this.#layout;
    const row = words[rowIds + i]!;
    const contextLen = words[contextLens + i]!;
    const end = contextLen + words[queryStarts + i + 1]! - words[queryStarts + i]!;
    for (let position = contextLen; position < end; position++) {
      this.#histories[this.#slot(row, position, group)] = this.#history(row, position, group);
    }
  }

  /** The hash of what one of this step's tokens sees of its row. */
  #historyAt(words: Int32Array, i: number, token: number): number {
    const { rowIds, queryStarts, contextLens } = this.#layout;
    const position = words[contextLens + i]! + token - words[queryStarts + i]!;
    const row = words[rowIds + i]!;
    const histories = this.#slidingWindows.map((_, group) => this.#histories[this.#slot(row, position, group)]!);
    return histories.reduce(extendHistory);
  }

  /** The hash of the tokens that the one at `position` sees. */
  #history(row: number, position: number, group: number): number {
    let history = EMPTY_HISTORY;
    const numGroups = this.#slidingWindows.length;
    for (let seen = Math.max(0, position - this.#slidingWindows[group]! + 1); seen <= position; seen++) {
      const slot = this.#slot(row, seen, group);
      const found = this.#positions[slot]!;
      const isOwn = found === seen * numGroups + group;
      assertInternal(
        isOwn,
        `row ${row} reads position ${seen} of group ${group}, its slot ${slot} holds ${Math.floor(found / numGroups)} of ${found % numGroups}`,
      );
      history = extendHistory(history, this.#tokens[slot]!);
    }
    return history;
  }

  /** Reads all of a row's tokens that its last one sees, as each layer does. */
  #attend(words: Int32Array, i: number, group: number): void {
    const { rowIds, queryStarts, contextLens } = this.#layout;
    const row = words[rowIds + i]!;
    const end = words[contextLens + i]! + words[queryStarts + i + 1]! - words[queryStarts + i]!;
    const first = Math.max(0, end - this.#slidingWindows[group]!);
    let history = EMPTY_HISTORY;
    for (let position = first; position < end; position++) {
      const slot = this.#slot(row, position, group);
      history = extendHistory(history, this.#tokens[slot]!);
      // What lies before the window may be gone, so that only the last token's own can be told.
      const isKnown = first === 0 || position === end - 1;
      const isSame = this.#histories[slot] === history;
      assertInternal(isSame || !isKnown, `row ${row} reads another history at position ${position}`);
    }
  }

  #slot(row: number, position: number, group: number): number {
    const { maxBlocksPerRow, maxRows, blockSize } = this.#layout.capacity;
    const block = this.#blockTables[(group * maxRows + row) * maxBlocksPerRow + Math.floor(position / blockSize)]!;
    assertInternal(block !== NULL_BLOCK, `row ${row} has no block for position ${position}`);
    return block * blockSize + (position % blockSize);
  }
}
