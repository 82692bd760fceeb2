// What every native op that takes a batch receives, in one argument: where the plan and the tables are and how the plan is laid out.
import type { Batch } from "../batch.js";
import { checkBatch } from "./batch-checks.js";
import { address } from "./op-checks.js";

/** Numbers of a native batch, in the order of octavo::Arguments::batch() in native/include/octavo/arguments.h. */
const COUNT = 15;

export class BatchWords {
  readonly #words = new Float64Array(COUNT);

  /** Checked and written into the same array at every call: the addon reads it before it returns. */
  of(op: string, batch: Batch): Float64Array {
    const { layout, tables } = batch;
    const { capacity } = layout;
    checkBatch(op, batch);
    const words = this.#words;
    words[0] = address(batch.plan);
    words[1] = layout.totalWords;
    words[2] = layout.rowIds;
    words[3] = layout.queryStarts;
    words[4] = layout.contextLens;
    words[5] = layout.sampleRows;
    words[6] = layout.sampleTokens;
    words[7] = capacity.maxRows;
    words[8] = capacity.maxTokens;
    words[9] = capacity.maxBlocksPerRow;
    words[10] = capacity.blockSize;
    words[11] = capacity.maxSamples;
    words[12] = address(tables.blockTables);
    words[13] = address(tables.lastTokens);
    words[14] = address(tables.sampling);
    return words;
  }
}
