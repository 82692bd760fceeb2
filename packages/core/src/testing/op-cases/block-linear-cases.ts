// Cases of linear with weights in block formats. A backend may round activations to 8 bits, for each block or finer, so the
// bound is that of such rounding.
import { BLOCK_FORMATS, COMPUTED_FORMATS, type ComputedFormat } from "../../blocks/format.js";
import type { FloatDType } from "../../dtype.js";
import type { CanonicalPlanes, LinearPart } from "../../linear.js";
import { slice } from "../../tensor.js";
import { encodeBlocks, randomBlocks, wholeBlocks } from "../blocks.js";
import type { CaseBench } from "./case-bench.js";
import { normal } from "./fills.js";
import { type OpCase, TOLERANCES, type Tolerance } from "./op-case.js";

/**
 * The error of activations rounded to the nearest of 255 steps: uniform in a step, so of variance step^2 / 12. The step is the
 * block's largest magnitude / 127, at most 4.5 / 127 for nearly every 256 normal values. The weights of an output have squares
 * that sum to about 1 (up to 2.25 where blocks differ), so an output's error has a deviation of at most 0.0102 * 1.5; six of
 * those are allowed. On average blocks reach 2.9, and the squared error is below 5e-5 of the output's.
 */
export function rounded(dtype: FloatDType, outputs: number): Tolerance {
  const { absolute, relative, nmse } = TOLERANCES[dtype];
  // A mean over few outputs has no bound: they may all be near zero.
  return { absolute: 2 * absolute + 0.09, relative, nmse: outputs < 48 ? 1 : nmse + 1e-4 };
}

export interface BlockPart {
  readonly format: ComputedFormat | FloatDType;
  readonly outFeatures: number;
  readonly bias?: FloatDType;
  readonly byteOffset?: number;
  readonly native?: boolean;
}

interface BlockShape {
  readonly name: string;
  readonly why: string;
  readonly tokens: number;
  readonly inFeatures: number;
  readonly parts: readonly BlockPart[];
  readonly gap?: number;
}

function blocksOf(bench: CaseBench, part: BlockPart & { format: ComputedFormat }, inFeatures: number): Uint8Array {
  const { format, outFeatures } = part;
  const count = outFeatures * inFeatures;
  const scale = inFeatures ** -0.5;
  if (BLOCK_FORMATS[format].elements > 32 || bench.random.integer(2) === 0) {
    return randomBlocks(format, count, bench.random, scale);
  }
  return encodeBlocks(
    format,
    Float64Array.from({ length: count }, () => scale * bench.random.normal()),
  );
}

function isBlockPart(part: BlockPart): part is BlockPart & { format: ComputedFormat } {
  return part.format in BLOCK_FORMATS;
}

function planesOf(bench: CaseBench, part: BlockPart, inFeatures: number): CanonicalPlanes {
  const { outFeatures, byteOffset, native } = part;
  if (isBlockPart(part)) return bench.blockPlanes(part.format, outFeatures, blocksOf(bench, part, inFeatures), part);
  const values = normal(bench.random, inFeatures ** -0.5);
  const weight = bench.hostTensor(part.format as FloatDType, [outFeatures, inFeatures], values, { byteOffset, native });
  return { format: "dense", weight };
}

export function partOf(bench: CaseBench, part: BlockPart, index: number, inFeatures: number): LinearPart {
  const { outFeatures, bias } = part;
  return {
    name: `layer.${index}.weight`,
    outFeatures,
    planes: planesOf(bench, part, inFeatures),
    ...(bias && { bias: bench.hostTensor(bias, [outFeatures], normal(bench.random)) }),
  };
}

function blockCase(dtype: FloatDType, shape: BlockShape, update = false): OpCase {
  const { name, why, tokens, inFeatures, parts, gap = 0 } = shape;
  const outFeatures = parts.reduce((sum, part) => sum + part.outFeatures, 0);
  return {
    op: "linear",
    name: `linear ${dtype} x blocks, ${name}`,
    why,
    dtype,
    tolerance: rounded(dtype, tokens * outFeatures),
    prepare(bench) {
      const out = bench.output("out", dtype, [tokens, outFeatures]);
      const fill = normal(bench.random);
      const width = inFeatures + gap;
      const wide = bench.input("x", dtype, [tokens, width], (i) => (i % width < inFeatures ? fill(i) : Number.NaN));
      const spec = { inFeatures, dtype, parts: parts.map((part, i) => partOf(bench, part, i, inFeatures)) };
      const weight = bench.linear(spec);
      if (update) {
        for (const i of [parts.length - 1, 0]) {
          bench.updateLinear(weight, i, partOf(bench, parts[i]!, i, inFeatures));
        }
      }
      return () => bench.ops.linear(out, slice(wide, 1, 0, inFeatures), weight);
    },
  };
}

/** Whole activations, 127 or -127 among every 32: rounding to 8 bits changes none, and every sum is exact in float32. */
function wholeCase(format: ComputedFormat): OpCase {
  const inFeatures = 2 * BLOCK_FORMATS[format].elements;
  const [tokens, outFeatures] = [5, 37];
  return {
    op: "linear",
    name: `linear of whole numbers x ${format}`,
    why: "nothing is rounded, so that a code, scale or minimum in the wrong place shows, however small",
    dtype: "float32",
    tolerance: { ...TOLERANCES.float32, absolute: 0.01 },
    prepare(bench) {
      const { random } = bench;
      const out = bench.output("out", "float32", [tokens, outFeatures]);
      const x = bench.input("x", "float32", [tokens, inFeatures], (i) =>
        i % 32 === (7 * Math.floor(i / 32)) % 32 ? (random.integer(2) === 0 ? 127 : -127) : random.integer(255) - 127,
      );
      const planes = bench.blockPlanes(format, outFeatures, wholeBlocks(format, outFeatures * inFeatures, random));
      const weight = bench.linear({ inFeatures, dtype: "float32", parts: [{ name: "w", outFeatures, planes }] });
      return () => bench.ops.linear(out, x, weight);
    },
  };
}

/** A row of zeros, one with a NaN, one with an infinity, among others. */
function specialRowsCase(format: ComputedFormat): OpCase {
  const inFeatures = 2 * BLOCK_FORMATS[format].elements;
  const [tokens, outFeatures] = [6, 19];
  const special = new Map([
    [1, 0],
    [2, Number.NaN],
    [4, Number.POSITIVE_INFINITY],
  ]);
  return {
    op: "linear",
    name: `linear of zeros, NaN and infinity x ${format}`,
    why: "zeros give zeros, what is not finite stays so, and the rows beside it do not notice",
    dtype: "float32",
    tolerance: rounded("float32", tokens * outFeatures),
    prepare(bench) {
      const accept = (i: number, actual: number) =>
        [2, 4].includes(Math.floor(i / outFeatures)) && !Number.isFinite(actual);
      const out = bench.output("out", "float32", [tokens, outFeatures], { accept });
      const fill = normal(bench.random);
      const x = bench.input("x", "float32", [tokens, inFeatures], (i) => {
        const value = special.get(Math.floor(i / inFeatures));
        return value === 0 || i % inFeatures === 33 ? (value ?? fill(i)) : fill(i);
      });
      const parts = [partOf(bench, { format, outFeatures }, 0, inFeatures)];
      const weight = bench.linear({ inFeatures, dtype: "float32", parts });
      return () => bench.ops.linear(out, x, weight);
    },
  };
}

function shapesOf(format: ComputedFormat): BlockShape[] {
  const { elements } = BLOCK_FORMATS[format];
  const plain = (tokens: number, blocks: number, outFeatures: number, why: string): BlockShape => {
    const inFeatures = blocks * elements;
    const parts = [{ format, outFeatures }];
    return { name: `[${tokens},${inFeatures}] to ${outFeatures} in ${format}`, why, tokens, inFeatures, parts };
  };
  return [
    plain(1, 1, 1, "one block"),
    plain(1, 3, 67, "decoding one row, an odd number of outputs"),
    plain(4, 5, 33, "an odd number of blocks, a few rows"),
    plain(9, 2, 64, "a tile of rows and one more"),
    plain(140, elements === 32 ? 18 : 2, 24, "more rows than are worked on at once"),
  ];
}

function merged(format: ComputedFormat): BlockShape {
  const parts: BlockPart[] = [
    { format, outFeatures: 31, bias: "float32", byteOffset: 1 },
    { format, outFeatures: 9, native: false },
    { format, outFeatures: 9, bias: "bfloat16", byteOffset: 2 },
  ];
  const why = "parts of odd sizes and addresses are stacked in order, one has no bias; x is strided";
  return { name: `three parts in ${format}`, why, tokens: 3, inFeatures: 512, parts, gap: 5 };
}

const MIXED: BlockShape = {
  name: "parts of different formats",
  why: "files keep q, k and v in different formats",
  tokens: 5,
  inFeatures: 256,
  parts: [
    { format: "q4_k", outFeatures: 24 },
    { format: "q6_k", outFeatures: 8, bias: "float32" },
    { format: "bfloat16", outFeatures: 10 },
    { format: "q8_0", outFeatures: 13 },
    { format: "q4_1", outFeatures: 3 },
  ],
};

export const blockLinearCases: readonly OpCase[] = [
  ...COMPUTED_FORMATS.flatMap((format) => [
    ...shapesOf(format).map((shape) => blockCase("float32", shape)),
    blockCase("bfloat16", shapesOf(format)[2]!),
    blockCase("float16", shapesOf(format)[1]!),
    blockCase("float32", merged(format)),
    blockCase("float32", { ...merged(format), name: `updateLinear in ${format}`, tokens: 2 }, true),
    wholeCase(format),
    specialRowsCase(format),
  ]),
  ...(["float32", "bfloat16"] as const).map((dtype) => blockCase(dtype, MIXED)),
];
