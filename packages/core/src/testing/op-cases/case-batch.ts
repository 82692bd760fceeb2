// Builds a step's batch for a case: a real plan, expanded by the reference, so that a case of one op depends on no other op
// of the backend.
import { type Batch, planSection, type RecordTables, recordTableShapes } from "../../batch.js";
import { planLayout, ROW_INIT_WORDS, RowInit } from "../../plan/layout.js";
import { StepPlan } from "../../plan/plan.js";
import { hostStorage } from "../../storage.js";
import { elementCount, type Tensor, tensor } from "../../tensor.js";
import { intsOf } from "../elements.js";
import type { Random } from "../random.js";
import { prepareBatch } from "../reference/batch.js";
import type { RowSampling } from "../reference/sampling.js";
import type { CaseBench } from "./case-bench.js";

/** One scheduled request. */
export interface BatchRow {
  /** Row of the tables. */
  readonly row: number;
  readonly contextLen: number;
  readonly queryLen: number;
  /** Block ids of the whole sequence, in order. */
  readonly blocks: readonly number[];
  /** How many of them the table holds before the step; the plan brings the rest. Default: those of the context. */
  readonly knownBlocks?: number;
  readonly tokens?: readonly number[];
  /** Of a row with `sampling`. Default: 0. */
  readonly ropeOffset?: number;
  /** With it the row samples. */
  readonly sampling?: RowSampling;
  /** After how many of its last tokens it samples. Default: 1. */
  readonly samples?: number;
  /** What the logits of a row with `sampling` go through. Default: nothing. */
  readonly adjustment?: RowAdjustment;
  /** True: the device knows the row, the plan does not begin it. */
  readonly isKnown?: boolean;
  readonly records?: readonly BatchRecord[];
}

/** Words of a row init beside those of RowSampling. */
export interface RowAdjustment {
  /** RowFlags, added up. */
  readonly flags: number;
  /** Default 1. */
  readonly repetitionPenalty?: number;
  /** Default 0. */
  readonly presencePenalty?: number;
  /** Default 0. */
  readonly frequencyPenalty?: number;
  /** Default 0. */
  readonly promptLength?: number;
}

export interface BatchRecord {
  /** One of RowRecord. */
  readonly kind: number;
  readonly words: ArrayLike<number>;
}

export interface BatchSpec {
  readonly rows: readonly BatchRow[];
  readonly maxRows: number;
  readonly maxTokens: number;
  readonly blockSize: number;
  readonly maxBlocksPerRow: number;
  /** Groups of layers; those after the first have other blocks. Default: 1. */
  readonly numGroups?: number;
  /** Default: maxRows. */
  readonly maxSamples?: number;
  /** With it there are tables of records. Default: 0. */
  readonly vocabSize?: number;
}

/** What the device holds before the step: block tables full of an invalid id, so that reading a stale entry shows. */
const STALE_BLOCK = 0x7ffffff0;

/**
 * What tables of records hold before the step: even tokens in the prompt and seen as often as can be counted, odd ones seen three
 * times, a mask of some tokens, more edits than there may be.
 */
const STALE_RECORDS: Record<keyof RecordTables, number> = {
  tokenCounts: 0x0003_ffff,
  recentTokens: 0x7ffffff1,
  tokenMasks: 0x5a5a_0ff1,
  edits: 0x7ffffff2,
};

/** A host batch with its plan, before prepareBatch. */
export function hostBatch(spec: BatchSpec, initialLastTokens: (row: number) => number = () => 0): Batch {
  const layout = planLayout(spec);
  const { maxRows, maxTokens, maxBlocksPerRow, numGroups } = layout.capacity;
  const ints = (shape: number[], fill = 0): Tensor => {
    const words = new Int32Array(elementCount(shape)).fill(fill);
    return tensor("int32", shape, hostStorage(new Uint8Array(words.buffer)));
  };
  const shapes = recordTableShapes(layout);
  const stale = (name: keyof RecordTables): Tensor => ints(shapes[name], STALE_RECORDS[name]);
  const tables = {
    blockTables: ints([numGroups * maxRows, maxBlocksPerRow], STALE_BLOCK),
    lastTokens: ints([maxRows]),
    sampling: ints([maxRows, ROW_INIT_WORDS]),
    ...(layout.capacity.vocabSize > 0 && { records: mapRecordTables(stale) }),
  };
  const blockTables = intsOf(tables.blockTables);
  const plan = new StepPlan(layout);
  plan.begin(7);
  const record = new Int32Array(ROW_INIT_WORDS);
  for (const row of spec.rows) {
    plan.addRow(row.row, row.contextLen, row.queryLen, row.sampling ? (row.samples ?? 1) : 0);
    for (let t = 0; t < row.queryLen; t++) plan.addToken(row.tokens?.[t] ?? t);
    const known = row.knownBlocks ?? Math.ceil(row.contextLen / spec.blockSize);
    for (let group = 0; group < numGroups; group++) {
      row.blocks.forEach((first, index) => {
        const block = first + 1000 * group;
        if (index < known) blockTables[(group * maxRows + row.row) * maxBlocksPerRow + index] = block;
        else plan.addBlockWrite(row.row, index, block, group);
      });
    }
    if (row.sampling) {
      writeSampling(record, row.sampling, row.adjustment);
      record[RowInit.ropeOffset] = row.ropeOffset ?? 0;
      if (row.isKnown) intsOf(tables.sampling).set(record, row.row * ROW_INIT_WORDS);
      else plan.addRowInit(row.row, record);
    }
    for (const { kind, words } of row.records ?? []) {
      plan.addRecord(row.row, kind, undefined, Int32Array.from(words), 0, words.length);
    }
  }
  plan.finish();
  const planTensor = ints([layout.totalWords]);
  intsOf(planTensor).set(plan.words);
  const lastTokens = intsOf(tables.lastTokens);
  for (let row = 0; row < maxRows; row++) lastTokens[row] = initialLastTokens(row);
  const lengths = spec.rows.map((row) => row.contextLen + row.queryLen);
  return {
    layout,
    tables,
    plan: planTensor,
    inputIds: ints([maxTokens]),
    positions: ints([maxTokens]),
    slots: ints([numGroups * maxTokens]),
    sampleTokens: planSection(planTensor, layout.sampleTokens, layout.capacity.maxSamples),
    numRows: plan.numRows,
    numTokens: plan.numTokens,
    numSamples: plan.numSamples,
    maxQueryLen: Math.max(0, ...spec.rows.map((row) => row.queryLen)),
    maxSeqLen: Math.max(0, ...lengths),
  };
}

/** The batch after prepareBatch, on the bench's backend. `lastTokens` is an output with `accept`. */
export function preparedBatch(
  bench: CaseBench,
  spec: BatchSpec,
  accept?: (row: number, token: number) => boolean,
): { batch: Batch; host: Batch } {
  const host = hostBatch(spec, (row) => 1000 + row);
  prepareBatch(host);
  const upload = (name: string, t: Tensor): Tensor => {
    const words = intsOf(t);
    return bench.input(name, "int32", t.shape, (i) => words[i]!);
  };
  const lastTokens = intsOf(host.tables.lastTokens).slice();
  const plan = upload("plan", host.plan);
  const batch: Batch = {
    ...host,
    tables: {
      blockTables: upload("blockTables", host.tables.blockTables),
      lastTokens: bench.output("lastTokens", "int32", [spec.maxRows], {
        initial: (row) => lastTokens[row]!,
        ...(accept && { accept }),
      }),
      sampling: upload("sampling", host.tables.sampling),
      ...(host.tables.records && {
        records: mapRecordTables((name) => upload(name, host.tables.records![name])),
      }),
    },
    plan,
    inputIds: upload("inputIds", host.inputIds),
    positions: upload("positions", host.positions),
    slots: upload("slots", host.slots),
    sampleTokens: planSection(plan, host.layout.sampleTokens, host.layout.capacity.maxSamples),
  };
  return { batch, host };
}

/**
 * Gives each request table rows and blocks in random order.
 * @param lengths context and chunk of each request
 * @param shared how many of its first blocks every request has in common with the others, where it is long enough
 */
export function randomRows(
  random: Random,
  lengths: readonly (readonly [contextLen: number, queryLen: number])[],
  {
    blockSize,
    numBlocks,
    maxRows,
    shared = 0,
  }: { blockSize: number; numBlocks: number; maxRows: number; shared?: number },
): BatchRow[] {
  const tableRows = random.permutation(maxRows);
  // Block 0 is never given out.
  const free = random.permutation(numBlocks - 1).map((block) => block + 1);
  const common = free.splice(0, shared);
  return lengths.map(([contextLen, queryLen], i) => {
    const count = Math.ceil((contextLen + queryLen) / blockSize);
    const prefix = common.slice(0, Math.floor(contextLen / blockSize));
    const blocks = [...prefix, ...free.splice(0, count - prefix.length)];
    return { row: tableRows[i]!, contextLen, queryLen, blocks };
  });
}

/** Tables of records, each from its name. */
export function mapRecordTables(make: (name: keyof RecordTables) => Tensor): RecordTables {
  return {
    tokenCounts: make("tokenCounts"),
    recentTokens: make("recentTokens"),
    tokenMasks: make("tokenMasks"),
    edits: make("edits"),
  };
}

function writeSampling(record: Int32Array, sampling: RowSampling, adjustment: RowAdjustment = { flags: 0 }): void {
  const floats = new Float32Array(record.buffer);
  floats[RowInit.temperature] = sampling.temperature;
  floats[RowInit.topP] = sampling.topP;
  floats[RowInit.minP] = sampling.minP;
  record[RowInit.topK] = sampling.topK;
  record[RowInit.seedLow] = sampling.seedLow;
  record[RowInit.seedHigh] = sampling.seedHigh;
  record[RowInit.choice] = sampling.choice;
  record[RowInit.flags] = adjustment.flags;
  floats[RowInit.repetitionPenalty] = adjustment.repetitionPenalty ?? 1;
  floats[RowInit.presencePenalty] = adjustment.presencePenalty ?? 0;
  floats[RowInit.frequencyPenalty] = adjustment.frequencyPenalty ?? 0;
  record[RowInit.promptLength] = adjustment.promptLength ?? 0;
}
