// Cases of prepareBatch: differences go into the tables, everything else in them stays.
import type { Batch } from "../../batch.js";
import { LAST_SAMPLED } from "../../plan/layout.js";
import type { Tensor } from "../../tensor.js";
import { intsOf } from "../elements.js";
import type { RowSampling } from "../reference/sampling.js";
import { type BatchSpec, hostBatch, mapRecordTables, randomRows } from "./case-batch.js";
import type { CaseBench } from "./case-bench.js";
import type { OpCase } from "./op-case.js";

/**
 * A backend's batch before prepareBatch: tables with contents, expanded tensors poisoned.
 * @param change what to change in the plan's words first
 */
export function unpreparedBatch(
  bench: CaseBench,
  spec: BatchSpec,
  change: (plan: Int32Array) => void = () => {},
): Batch {
  const host = hostBatch(spec, (row) => 500 + row);
  const table = (name: string, t: Tensor): Tensor => {
    const words = intsOf(t);
    return bench.output(name, "int32", t.shape, { initial: (i) => words[i]! });
  };
  const planWords = intsOf(host.plan);
  change(planWords);
  // Only the step's own entries are compared: a backend may pad the rest.
  return {
    ...host,
    plan: bench.input("plan", "int32", host.plan.shape, (i) => planWords[i]!),
    tables: {
      blockTables: table("blockTables", host.tables.blockTables),
      lastTokens: table("lastTokens", host.tables.lastTokens),
      sampling: table("sampling", host.tables.sampling),
      ...(host.tables.records && {
        records: mapRecordTables((name) => table(name, host.tables.records![name])),
      }),
    },
    inputIds: bench.output("inputIds", "int32", host.inputIds.shape, { compared: host.numTokens }),
    positions: bench.output("positions", "int32", host.positions.shape, { compared: host.numTokens }),
    // The slots of several groups stand behind each other, each group's with room for the longest step.
    slots: bench.output("slots", "int32", host.slots.shape, {
      compared: spec.numGroups === undefined ? host.numTokens : spec.numGroups * spec.maxTokens,
    }),
  };
}

const SAMPLING: RowSampling = {
  temperature: 0.7,
  topP: 0.9,
  minP: 0.05,
  topK: 40,
  seedLow: 0xdeadbeef,
  seedHigh: 0x80000001,
  choice: 3,
};

function batchCase(
  name: string,
  why: string,
  lengths: readonly (readonly [number, number])[],
  blockSize: number,
  lastSampled: (i: number) => boolean,
  numGroups?: number,
): OpCase {
  return {
    op: "prepareBatch",
    name: `prepareBatch ${name}`,
    why,
    dtype: "float32",
    tolerance: "exact",
    prepare(bench) {
      const { random } = bench;
      const maxRows = lengths.length + 4;
      const rows = randomRows(random, lengths, { blockSize, numBlocks: 200, maxRows }).map((row, i) => ({
        ...row,
        tokens: Array.from({ length: row.queryLen }, (_, t) =>
          lastSampled(i) && t === row.queryLen - 1 ? LAST_SAMPLED : random.integer(50000),
        ),
        // One row is new and has a context all the same: a prefix hit.
        ...(i === 2 && { knownBlocks: 0 }),
        // Every second row is a chunk that does not reach its end.
        ...(i % 2 === 0 && { sampling: { ...SAMPLING, topK: i }, ropeOffset: 512 * i }),
      }));
      const numTokens = lengths.reduce((sum, [, query]) => sum + query, 0);
      const longest = Math.max(0, ...rows.map((row) => row.blocks.length));
      const batch = unpreparedBatch(bench, {
        rows,
        maxRows,
        maxTokens: numGroups === undefined ? numTokens + 9 : numTokens,
        blockSize,
        maxBlocksPerRow: longest + 1,
        ...(numGroups && { numGroups }),
      });
      return () => bench.ops.prepareBatch(batch);
    },
  };
}

export const batchCases: readonly OpCase[] = [
  batchCase("of nothing", "an empty step changes nothing", [], 16, () => false),
  batchCase("of one prompt", "a prompt over several blocks", [[0, 37]], 16, () => false),
  batchCase(
    "of decodes",
    "tokens that only the device knows",
    [
      [3, 1],
      [15, 1],
      [16, 1],
      [47, 1],
    ],
    16,
    () => true,
  ),
  batchCase(
    "of a mix",
    "chunks with context, single tokens, rows in any order, a chunk that ends in a sampled token",
    [
      [0, 5],
      [31, 1],
      [7, 30],
      [64, 2],
      [15, 1],
      [0, 1],
      [16, 16],
    ],
    16,
    (i) => i % 2 === 1,
  ),
  batchCase(
    "with odd blocks",
    "a block size that is no power of two",
    [
      [0, 5],
      [9, 1],
      [7, 30],
    ],
    7,
    (i) => i === 1,
  ),
  batchCase(
    "of groups of layers",
    "each group has block tables and slots of its own, and a block write names its group",
    [
      [0, 5],
      [31, 1],
      [7, 30],
      [64, 2],
    ],
    16,
    (i) => i === 1,
    3,
  ),
];
