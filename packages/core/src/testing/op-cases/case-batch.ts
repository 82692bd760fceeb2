// Builds a step's batch for a case: a real plan, expanded by the reference, so that a case of one op depends on no other op
// of the backend.
import { type Batch, planSection } from "../../batch.js";
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
}

export interface BatchSpec {
  readonly rows: readonly BatchRow[];
  readonly maxRows: number;
  readonly maxTokens: number;
  readonly blockSize: number;
  readonly maxBlocksPerRow: number;
  /** Default: maxRows. */
  readonly maxSamples?: number;
}

/** What the device holds before the step: block tables full of an invalid id, so that reading a stale entry shows. */
const STALE_BLOCK = 0x7ffffff0;

/** A host batch with its plan, before prepareBatch. */
export function hostBatch(spec: BatchSpec, initialLastTokens: (row: number) => number = () => 0): Batch {
  const layout = planLayout(spec);
  const { maxRows, maxTokens, maxBlocksPerRow } = spec;
  const ints = (shape: number[], fill = 0): Tensor => {
    const words = new Int32Array(elementCount(shape)).fill(fill);
    return tensor("int32", shape, hostStorage(new Uint8Array(words.buffer)));
  };
  const tables = {
    blockTables: ints([maxRows, maxBlocksPerRow], STALE_BLOCK),
    lastTokens: ints([maxRows]),
    sampling: ints([maxRows, ROW_INIT_WORDS]),
  };
  const blockTables = intsOf(tables.blockTables);
  const plan = new StepPlan(layout);
  plan.begin(7);
  const record = new Int32Array(ROW_INIT_WORDS);
  for (const row of spec.rows) {
    plan.addRow(row.row, row.contextLen, row.queryLen, row.sampling ? (row.samples ?? 1) : 0);
    for (let t = 0; t < row.queryLen; t++) plan.addToken(row.tokens?.[t] ?? t);
    const known = row.knownBlocks ?? Math.ceil(row.contextLen / spec.blockSize);
    row.blocks.forEach((block, index) => {
      if (index < known) blockTables[row.row * maxBlocksPerRow + index] = block;
      else plan.addBlockWrite(row.row, index, block);
    });
    if (row.sampling) {
      writeSampling(record, row.sampling);
      record[RowInit.ropeOffset] = row.ropeOffset ?? 0;
      plan.addRowInit(row.row, record);
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
    slots: ints([maxTokens]),
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

function writeSampling(record: Int32Array, sampling: RowSampling): void {
  const floats = new Float32Array(record.buffer);
  floats[RowInit.temperature] = sampling.temperature;
  floats[RowInit.topP] = sampling.topP;
  floats[RowInit.minP] = sampling.minP;
  record[RowInit.topK] = sampling.topK;
  record[RowInit.seedLow] = sampling.seedLow;
  record[RowInit.seedHigh] = sampling.seedHigh;
  record[RowInit.choice] = sampling.choice;
}
