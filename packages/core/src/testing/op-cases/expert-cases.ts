// Cases of expertLinear and combineExperts: routings that are even, empty or all to one expert, in every dtype and block format.
import { BLOCK_FORMATS, type ComputedFormat } from "../../blocks/format.js";
import { FLOAT_DTYPES, type FloatDType } from "../../dtype.js";
import { slice } from "../../tensor.js";
import type { Random } from "../random.js";
import { type BlockPart, partOf, rounded } from "./block-linear-cases.js";
import type { CaseBench } from "./case-bench.js";
import { listed, normal } from "./fills.js";
import { type OpCase, scaled, TOLERANCES } from "./op-case.js";

interface ExpertShape {
  readonly name: string;
  readonly why: string;
  readonly tokens: number;
  readonly chosen: number;
  readonly inFeatures: number;
  /** The parts of each expert. */
  readonly experts: readonly (readonly BlockPart[])[];
  /** The experts of one token, different ones. Default: any. */
  readonly pick?: (random: Random, token: number) => readonly number[];
  /** Whether x has a row for each pair of token and expert, as the second layer of an expert. */
  readonly rowForEach?: boolean;
  readonly xDtype?: FloatDType;
  readonly outDtype?: FloatDType;
  readonly gap?: number;
  /** Updates the last expert in place after they were prepared. */
  readonly update?: boolean;
}

function alike(count: number, parts: readonly BlockPart[]): readonly (readonly BlockPart[])[] {
  return Array.from({ length: count }, () => parts);
}

function expertCase(dtype: FloatDType, shape: ExpertShape): OpCase {
  const {
    name,
    why,
    tokens,
    chosen,
    inFeatures,
    experts,
    rowForEach = false,
    xDtype = dtype,
    outDtype = dtype,
  } = shape;
  const { gap = 0 } = shape;
  const outFeatures = experts[0]!.reduce((sum, part) => sum + part.outFeatures, 0);
  const rows = tokens * chosen;
  const inBlocks = experts.flat().some(({ format }) => format in BLOCK_FORMATS);
  return {
    op: "expertLinear",
    name: `expertLinear ${xDtype} x ${inBlocks ? "blocks" : dtype} to ${outDtype}, ${name}`,
    why,
    dtype: outDtype,
    tolerance: inBlocks ? rounded(outDtype, rows * outFeatures) : scaled(TOLERANCES[outDtype], 2),
    prepare(bench) {
      const out = bench.output("out", outDtype, [rows, outFeatures]);
      const width = inFeatures + gap;
      const fill = normal(bench.random);
      const wide = bench.input("x", xDtype, [rowForEach ? rows : tokens, width], (i) =>
        i % width < inFeatures ? fill(i) : Number.NaN,
      );
      const parts = (expert: readonly BlockPart[]) => expert.map((part, i) => partOf(bench, part, i, inFeatures));
      const weights = experts.map((expert) => bench.linear({ inFeatures, dtype, parts: parts(expert) }));
      const stack = bench.experts(weights);
      if (shape.update) {
        parts(experts.at(-1)!).forEach((part, i) => {
          bench.updateLinear(weights.at(-1)!, i, part);
        });
      }
      const routing = routingOf(bench, shape);
      return () => bench.ops.expertLinear(out, slice(wide, 1, 0, inFeatures), stack, routing);
    },
  };
}

function routingOf(bench: CaseBench, { tokens, chosen, experts, pick }: ExpertShape) {
  const { random } = bench;
  const anyOf = () => random.permutation(experts.length).slice(0, chosen);
  const ids = Array.from({ length: tokens }, (_, token) => pick?.(random, token) ?? anyOf()).flat();
  return {
    experts: bench.input("experts", "int32", [tokens, chosen], listed(ids)),
    weights: bench.input("weights", "float32", [tokens, chosen], () => Number.NaN),
  };
}

function sizes(format: FloatDType): ExpertShape[] {
  const plain = (
    [tokens, chosen, count]: readonly [number, number, number],
    [inFeatures, outFeatures]: readonly [number, number],
    why: string,
    more: Partial<ExpertShape> = {},
  ): ExpertShape => ({
    name: `${tokens} tokens, ${chosen} of ${count} experts, ${inFeatures} to ${outFeatures}`,
    why,
    tokens,
    chosen,
    inFeatures,
    experts: alike(count, [{ format, outFeatures }]),
    ...more,
  });
  return [
    plain([1, 1, 1], [1, 1], "the smallest of everything"),
    plain([1, 4, 32], [64, 48], "decoding one token"),
    plain([3, 2, 4], [33, 7], "rows that end inside a vector; experts that two tokens share"),
    plain([8, 8, 32], [72, 40], "decoding a few tokens, each with rows of its own", { rowForEach: true }),
    plain([70, 2, 8], [128, 65], "a prompt: more rows of an expert than a tile"),
    plain([70, 8, 16], [64, 24], "a prompt, with rows of its own, strided", { rowForEach: true, gap: 8 }),
  ];
}

function special(format: FloatDType): ExpertShape[] {
  const experts = (count: number, outFeatures: number) => alike(count, [{ format, outFeatures }]);
  return [
    {
      name: "one expert for all",
      why: "more rows than are worked on at once, the other experts have none",
      tokens: 160,
      chosen: 1,
      inFeatures: 40,
      experts: experts(5, 33),
      pick: () => [3],
    },
    {
      name: "experts that nobody picks",
      why: "the first, the last and some between have no rows",
      tokens: 30,
      chosen: 3,
      inFeatures: 32,
      experts: experts(16, 30),
      pick: (random) =>
        random
          .permutation(4)
          .map((i) => 3 * i + 2)
          .slice(0, 3),
    },
    {
      name: "tokens in step",
      why: "every token picks the same experts in another order",
      tokens: 21,
      chosen: 4,
      inFeatures: 48,
      experts: experts(4, 20),
      pick: (_random, token) => [0, 1, 2, 3].map((i) => (i + token) % 4),
    },
    {
      name: "gate and up with biases",
      why: "parts are stacked, one has no bias",
      tokens: 12,
      chosen: 2,
      inFeatures: 56,
      experts: alike(4, [
        { format, outFeatures: 31, bias: "float32" },
        { format, outFeatures: 9 },
        { format, outFeatures: 24, bias: "bfloat16" },
      ]),
    },
    {
      name: "after updateLinear",
      why: "an expert that is updated in place is used as it is then",
      tokens: 6,
      chosen: 2,
      inFeatures: 24,
      experts: experts(3, 16),
      update: true,
    },
  ];
}

function blocks(format: ComputedFormat): ExpertShape[] {
  const inFeatures = 2 * BLOCK_FORMATS[format].elements;
  return [
    {
      name: `one token in ${format}`,
      why: "decoding reads the panels of the picked experts",
      tokens: 1,
      chosen: 4,
      inFeatures,
      experts: alike(8, [{ format, outFeatures: 40 }]),
    },
    {
      name: `many tokens in ${format}`,
      why: "the panels are read once for all rows of an expert",
      tokens: 37,
      chosen: 3,
      inFeatures,
      experts: alike(6, [{ format, outFeatures: 35, bias: "float32" }]),
    },
  ];
}

const MIXED: ExpertShape = {
  name: "experts in different formats",
  why: "a file may keep some layers' experts in other formats than others, and parts too",
  tokens: 11,
  chosen: 3,
  inFeatures: 256,
  experts: [
    [
      { format: "q4_k", outFeatures: 24 },
      { format: "q6_k", outFeatures: 17, bias: "float32" },
    ],
    [{ format: "float32", outFeatures: 41 }],
    [{ format: "q8_0", outFeatures: 41, bias: "float32" }],
    [{ format: "q4_k", outFeatures: 41 }],
  ],
};

function combineCase(dtype: FloatDType, tokens: number, chosen: number, hidden: number, why: string): OpCase {
  return {
    op: "combineExperts",
    name: `combineExperts ${dtype} [${tokens},${chosen},${hidden}]`,
    why,
    dtype,
    tolerance: scaled(TOLERANCES[dtype], 2),
    prepare(bench) {
      const { random } = bench;
      const out = bench.output("out", dtype, [tokens, hidden]);
      const x = bench.input("x", dtype, [tokens * chosen, hidden], normal(random));
      const routing = {
        experts: bench.input("experts", "int32", [tokens, chosen], (i) => i % chosen),
        weights: bench.input("weights", "float32", [tokens, chosen], () => random.uniform()),
      };
      return () => bench.ops.combineExperts(out, x, routing);
    },
  };
}

const blockFormats: readonly ComputedFormat[] = ["q8_0", "q4_k", "q6_k"];

export const expertCases: readonly OpCase[] = [
  ...FLOAT_DTYPES.flatMap((dtype) => [...sizes(dtype), ...special(dtype)].map((shape) => expertCase(dtype, shape))),
  ...(["float16", "bfloat16"] as const).flatMap((dtype) => [
    expertCase(dtype, { ...sizes(dtype)[3]!, outDtype: "float32" }),
    expertCase(dtype, { ...sizes(dtype)[4]!, xDtype: "float32", outDtype: "float32" }),
  ]),
  ...blockFormats.flatMap((format) => blocks(format).map((shape) => expertCase("float32", shape))),
  ...(["float32", "bfloat16"] as const).map((dtype) => expertCase(dtype, MIXED)),
  ...FLOAT_DTYPES.flatMap((dtype) => [
    combineCase(dtype, 1, 1, 1, "the smallest of everything"),
    combineCase(dtype, 3, 2, 7, "rows shorter than a vector"),
    combineCase(dtype, 9, 4, 65, "one element after whole vectors"),
    combineCase(dtype, 70, 8, 64, "whole vectors, enough for several threads"),
  ]),
];
