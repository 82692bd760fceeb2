// Cases of embedding and gatherRows, which copy, so that the bytes must be the same, and of addEmbedding.
import { FLOAT_DTYPES } from "../../dtype.js";
import { listed, normal, tiny } from "./fills.js";
import { type OpCase, TOLERANCES } from "./op-case.js";

const SHAPES = [
  { tokens: 1, hidden: 1, why: "the smallest of everything" },
  { tokens: 3, hidden: 7, why: "rows shorter than a vector" },
  { tokens: 7, hidden: 33, why: "rows that end inside a vector" },
  { tokens: 33, hidden: 64, why: "whole vectors" },
  { tokens: 65, hidden: 576, why: "enough for several threads" },
];

const outOfVocabulary: OpCase = {
  op: "embedding",
  name: "embedding of ids outside of the vocabulary",
  why: "such ids give zeros, and read nothing out of bounds",
  dtype: "float32",
  tolerance: "exact",
  prepare(bench) {
    const vocabSize = 11;
    const list = [-1, 0, vocabSize - 1, vocabSize, 2 ** 31 - 1, -(2 ** 31), 5];
    const out = bench.output("out", "float32", [list.length, 33]);
    const table = bench.input("table", "float32", [vocabSize, 33], normal(bench.random));
    const indices = bench.input("ids", "int32", [list.length], listed(list));
    return () => bench.ops.embedding(out, table, indices);
  },
};

const notFinite: OpCase = {
  op: "embedding",
  name: "embedding of a table with infinities",
  why: "a copy must not compute with what it copies",
  dtype: "float16",
  tolerance: "exact",
  prepare(bench) {
    const odd = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, -0, 65504, 2 ** -24];
    const table = bench.input("table", "float16", [3, 40], (i) => odd[i % odd.length]!);
    const indices = bench.input("ids", "int32", [4], listed([2, 0, 1, 2]));
    const out = bench.output("out", "float16", [4, 40]);
    return () => bench.ops.embedding(out, table, indices);
  },
};

const outsideAdded: OpCase = {
  op: "addEmbedding",
  name: "addEmbedding of ids outside of the table",
  why: "the offset comes before the bounds; what lies outside adds nothing, and reads nothing out of bounds",
  dtype: "float32",
  tolerance: "exact",
  prepare(bench) {
    const rows = 11;
    const list = [-3, -2, -1, 0, rows - 3, rows - 2, rows, 2 ** 31 - 1, -(2 ** 31), 5];
    const out = bench.output("out", "float32", [list.length, 33], { initial: () => bench.random.integer(100) });
    const table = bench.input("table", "float32", [rows, 33], () => 1 + bench.random.integer(100));
    const indices = bench.input("ids", "int32", [list.length], listed(list));
    return () => bench.ops.addEmbedding(out, table, indices, 2);
  },
};

export const embeddingCases: readonly OpCase[] = [
  ...FLOAT_DTYPES.flatMap((dtype) =>
    SHAPES.flatMap(({ tokens, hidden, why }): OpCase[] => [
      {
        op: "embedding",
        name: `embedding ${dtype} [${tokens},${hidden}]`,
        why,
        dtype,
        tolerance: "exact",
        prepare(bench) {
          const { random } = bench;
          const out = bench.output("out", dtype, [tokens, hidden]);
          const table = bench.input("table", dtype, [97, hidden], normal(random));
          // More ids than tokens: the batch's id tensor has room for a larger step.
          const indices = bench.input("ids", "int32", [tokens + 5], () => random.integer(97));
          return () => bench.ops.embedding(out, table, indices);
        },
      },
      {
        op: "gatherRows",
        name: `gatherRows ${dtype} [${tokens},${hidden}]`,
        why: `${why}; repeated and unordered rows`,
        dtype,
        tolerance: "exact",
        prepare(bench) {
          const { random } = bench;
          const out = bench.output("out", dtype, [tokens, hidden]);
          const x = bench.input("x", dtype, [40, hidden], tiny(random, dtype));
          const indices = bench.input("indices", "int32", [tokens + 3], (i) => (i === 0 ? 39 : random.integer(40)));
          return () => bench.ops.gatherRows(out, x, indices);
        },
      },
      {
        op: "addEmbedding",
        name: `addEmbedding ${dtype} [${tokens},${hidden}]`,
        why: `${why}; sums are rounded once`,
        dtype,
        tolerance: TOLERANCES[dtype],
        prepare(bench) {
          const { random } = bench;
          const out = bench.output("out", dtype, [tokens, hidden], { initial: normal(random) });
          const table = bench.input("table", dtype, [97, hidden], normal(random));
          const indices = bench.input("ids", "int32", [tokens + 5], () => random.integer(95));
          return () => bench.ops.addEmbedding(out, table, indices, tokens % 3);
        },
      },
    ]),
  ),
  outOfVocabulary,
  notFinite,
  outsideAdded,
];
