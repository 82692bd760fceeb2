// Ops whose rows are independent, at every usual number of rows.
import { DTYPES, type FloatDType, type Ops, type Tensor } from "@octavo/core";
import { type BenchCase, DECODE_ROWS, isQuick, PREFILL_TOKENS, type Run, rowsText } from "./bench-case.js";
import type { BenchMemory } from "./bench-memory.js";
import type { ModelShape } from "./shapes.js";

export interface RowOp {
  readonly op: BenchCase["op"];
  /** Before the width in the name, where an op is here twice. */
  readonly label?: string;
  /** Elements of a row, for the name. */
  readonly width: number;
  /** Elements that a row reads and writes; what all rows share does not count. */
  readonly elements: number;
  /** Rows that are usual: lookups of hidden states have one a sample. */
  readonly rows: readonly number[];
  /** Default: the bench's. */
  readonly dtype?: FloatDType;
  prepare(memory: BenchMemory, dtype: FloatDType, rows: number, sets: number): Run;
}

/** What an op needs that reads and writes matrices only: one [rows, width] for each of the widths, which `call` gets in their order. */
export function onMatrices(widths: readonly number[], call: (ops: Ops, matrices: Matrices) => void): RowOp["prepare"] {
  return (memory, dtype, rows, sets) => {
    const ofWidths = widths.map((width) => memory.random(dtype, [rows, width], sets));
    const ofSets = Array.from({ length: sets }, (_, set) => ofWidths.map((tensors) => tensors[set]!));
    return (set) => call(memory.backend.ops, ofSets[set] as readonly Tensor[] as Matrices);
  };
}

/** Fewer where there are fewer widths. */
type Matrices = readonly [Tensor, Tensor, Tensor];

export const ALL_ROWS: readonly number[] = [...DECODE_ROWS, ...PREFILL_TOKENS];

export function casesOfRowOps(ops: readonly RowOp[], { model }: ModelShape, benched: FloatDType): BenchCase[] {
  return ops.flatMap(({ op, label, width, elements, rows: counts, dtype = benched, prepare }) =>
    counts.map((rows) => ({
      op,
      model,
      name: `${label ? `${label}, ` : ""}${width} wide, ${rowsText(rows)}`,
      dtype,
      bytes: rows * elements * DTYPES[dtype].size,
      flops: 0,
      quick: isQuick(rows),
      prepare: (memory: BenchMemory, sets: number) => prepare(memory, dtype, rows, sets),
    })),
  );
}
