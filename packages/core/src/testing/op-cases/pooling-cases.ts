// Cases of meanRows.
import { FLOAT_DTYPES, type FloatDType } from "../../dtype.js";
import { preparedBatch, randomRows } from "./case-batch.js";
import { normal } from "./fills.js";
import { type OpCase, TOLERANCES } from "./op-case.js";

interface RowLengths {
  readonly lengths: readonly number[];
  readonly hidden: number;
  readonly why: string;
}

const CASES: readonly RowLengths[] = [
  { lengths: [1], hidden: 1, why: "the mean of one number" },
  { lengths: [5, 1, 37], hidden: 33, why: "rows of several lengths, at odd addresses" },
  { lengths: [300, 2], hidden: 264, why: "a long row beside a short one" },
  { lengths: [64, 1, 29, 6], hidden: 576, why: "a real hidden size, enough for several threads" },
];

function meanCase(dtype: FloatDType, { lengths, hidden, why }: RowLengths): OpCase {
  const numTokens = lengths.reduce((sum, length) => sum + length, 0);
  return {
    op: "meanRows",
    name: `meanRows ${dtype} rows of ${lengths.join(", ")} tokens, ${hidden} wide`,
    why: `${why}; what lies after the step's tokens and rows is left alone`,
    dtype,
    tolerance: TOLERANCES.float32,
    prepare(bench) {
      const { random } = bench;
      const [blockSize, maxRows] = [16, lengths.length + 2];
      const placed = { blockSize, numBlocks: 100, maxRows };
      const rows = randomRows(
        random,
        lengths.map((length) => [0, length] as const),
        placed,
      );
      const spec = { rows, maxRows, maxTokens: numTokens + 5, blockSize, maxBlocksPerRow: 40 };
      const { batch } = preparedBatch(bench, spec);
      const values = normal(random);
      const x = bench.input("x", dtype, [numTokens + 2, hidden], (i) => {
        return i < numTokens * hidden ? values(i) : Number.NaN;
      });
      const out = bench.output("out", "float32", [maxRows, hidden], { initial: () => 7 });
      return () => bench.ops.meanRows(out, x, batch);
    },
  };
}

export const poolingCases: readonly OpCase[] = FLOAT_DTYPES.flatMap((dtype) =>
  CASES.map((rowLengths) => meanCase(dtype, rowLengths)),
);
