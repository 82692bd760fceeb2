import {
  type BlockFormat,
  type BlockPlanes,
  blockBytes,
  COMPUTED_FORMATS,
  FLOAT_DTYPES,
  type FloatDType,
  hostStorage,
  slice,
  type Tensor,
  tensor,
} from "@octavo/core";
import { afterAll, describe, expect, test } from "vitest";
import { bits, ISAS, make, randomNumbers, relativeError, TOLERANCE, values } from "../test/tensors.js";
import { createBackend } from "./index.js";

const SEED = 77;

function product(x: Tensor, weights: readonly Tensor[], bias: readonly number[]): number[] {
  const inFeatures = x.shape[1]!;
  const rows = weights.flatMap((weight) => {
    const all = values(weight);
    return Array.from({ length: weight.shape[0]! }, (_, r) => all.slice(r * inFeatures, (r + 1) * inFeatures));
  });
  const inputs = values(x);
  return Array.from({ length: x.shape[0]! }, (_, t) =>
    rows.map((row, o) => row.reduce((sum, w, i) => sum + w * inputs[t * inFeatures + i]!, bias[o] ?? 0)),
  ).flat();
}

describe.each(ISAS)("linear (%s)", (isa) => {
  const backend = createBackend({ isa, numThreads: 2 });
  afterAll(() => backend.dispose());
  const part = (weight: Tensor, bias?: Tensor) => ({
    name: "w",
    outFeatures: weight.shape[0]!,
    planes: { format: "dense" as const, weight },
    bias,
  });

  const dtypes = FLOAT_DTYPES.flatMap((x) => FLOAT_DTYPES.map((w) => [x, w] as [FloatDType, FloatDType]));
  test.each(dtypes)("x %s, weight %s, into its own dtype and float32", (xDtype, dtype) => {
    const random = randomNumbers(SEED);
    for (const [tokens, inFeatures, parts] of [
      [1, 1, [1]],
      [2, 17, [5, 1, 2]],
      [5, 72, [30, 9]],
      [9, 131, [25]],
      [37, 131, [50, 9]],
    ] as const) {
      const x = make(backend, xDtype, [tokens, inFeatures], random);
      const weights = parts.map((rows) => make(backend, dtype, [rows, inFeatures], random));
      const bias = make(backend, "float16", [parts[0]], random);
      const spec = { inFeatures, dtype, parts: weights.map((weight, i) => part(weight, i === 0 ? bias : undefined)) };
      const linear = backend.prepareLinear(spec);
      const expected = product(x, weights, values(bias));
      for (const outDtype of new Set<FloatDType>([xDtype, "float32"])) {
        const out = make(backend, outDtype, [tokens, linear.outFeatures]);
        backend.ops.linear(out, x, linear);
        const error = relativeError(values(out), expected);
        expect(error, `seed ${SEED}, [${tokens}, ${inFeatures}] to ${outDtype}`).toBeLessThan(TOLERANCE[outDtype]);
      }
      linear.dispose();
    }
  });

  test("reads an x that is strided over tokens", () => {
    const random = randomNumbers(SEED);
    for (const dtype of FLOAT_DTYPES) {
      const wide = make(backend, dtype, [6, 40], random);
      const weight = make(backend, "bfloat16", [11, 24], random);
      const linear = backend.prepareLinear({ inFeatures: 24, dtype: "bfloat16", parts: [part(weight)] });
      const x = slice(wide, 1, 8, 32);
      const dense = make(backend, dtype, [6, 24], (i) => values(wide)[Math.floor(i / 24) * 40 + 8 + (i % 24)]!);
      const [strided, packed] = [make(backend, "float32", [6, 11]), make(backend, "float32", [6, 11])];
      backend.ops.linear(strided, x, linear);
      backend.ops.linear(packed, dense, linear);
      expect(bits(strided)).toBe(bits(packed));
    }
  });

  test.each(FLOAT_DTYPES)(
    "a row alone equals the same row among any number of others, bit for bit, weight %s",
    (dtype) => {
      const random = randomNumbers(SEED);
      const [inFeatures, outFeatures] = [211, 67];
      const x = make(backend, "bfloat16", [300, inFeatures], random);
      const linear = backend.prepareLinear({
        inFeatures,
        dtype,
        parts: [part(make(backend, dtype, [outFeatures, inFeatures], random))],
      });
      const whole = make(backend, "float32", [300, outFeatures]);
      backend.ops.linear(whole, x, linear);
      for (const [start, end] of [
        [0, 1],
        [299, 300],
        [5, 7],
        [130, 133],
        [0, 4],
        [17, 22],
        [100, 229],
      ] as const) {
        const out = make(backend, "float32", [end - start, outFeatures]);
        backend.ops.linear(out, slice(x, 0, start, end), linear);
        expect(bits(out), `rows ${start} to ${end}`).toBe(bits(slice(whole, 0, start, end)));
      }
    },
  );

  test.each([
    ["float32", "float16"],
    ["bfloat16", "bfloat16"],
  ] as const)("any number of threads gives the same bits, x %s, weight %s", (xDtype, dtype) => {
    const results = [1, 2, 3, 7].map((numThreads) => {
      const other = createBackend({ isa, numThreads });
      const random = randomNumbers(SEED);
      const x = make(other, xDtype, [33, 320], random);
      const linear = other.prepareLinear({
        inFeatures: 320,
        dtype,
        parts: [part(make(other, dtype, [500, 320], random)), part(make(other, dtype, [77, 320], random))],
      });
      const out = make(other, "float32", [33, 577]);
      for (let repeat = 0; repeat < 20; repeat++) other.ops.linear(out, x, linear);
      const result = bits(out);
      other.dispose();
      return result;
    });
    expect(new Set(results).size).toBe(1);
  });

  test("what lies behind a row has no part in it", () => {
    for (const inFeatures of [1, 31, 33, 72]) {
      const ones = (rows: number, elsewhere: number, own: number) =>
        make(backend, "bfloat16", [rows, inFeatures], (i) => (Math.floor(i / inFeatures) === own ? 1 : elsewhere));
      const weights = [ones(3, Number.NaN, 1), ones(40, Number.POSITIVE_INFINITY, 0)];
      const linear = backend.prepareLinear({ inFeatures, dtype: "bfloat16", parts: weights.map((w) => part(w)) });
      const out = make(backend, "float32", [19, 43]);
      backend.ops.linear(out, ones(19, Number.NaN, 17), linear);
      const row = values(slice(out, 0, 17, 18));
      expect([row[1], row[3]], `of ${inFeatures}`).toEqual([inFeatures, inFeatures]);
      expect(row.filter(Number.isFinite)).toHaveLength(2);
      linear.dispose();
    }
  });

  test("subnormal values count as zero where the CPU multiplies bfloat16, and only there", () => {
    const x = make(backend, "bfloat16", [2, 40], (i) => (i < 40 ? 2 ** -130 : 2 ** -126));
    const weight = make(backend, "bfloat16", [3, 40], () => 2 ** 120);
    const linear = backend.prepareLinear({ inFeatures: 40, dtype: "bfloat16", parts: [part(weight)] });
    const out = make(backend, "float32", [2, 3]);
    backend.ops.linear(out, x, linear);
    const subnormal = isa === "amx" || isa === "avx512bf16" ? 0 : 40 * 2 ** -10;
    expect(values(out)).toEqual([subnormal, subnormal, subnormal, 0.625, 0.625, 0.625]);
    linear.dispose();
  });

  test("refuses shapes and dtypes that do not fit", () => {
    const weight = make(backend, "float32", [4, 8], () => 0);
    const linear = backend.prepareLinear({ inFeatures: 8, dtype: "float32", parts: [part(weight)] });
    const x = make(backend, "float16", [2, 8], () => 0);
    expect(() => backend.ops.linear(make(backend, "float16", [2, 5]), x, linear)).toThrow(/out is \[2,5\], \[2,4\]/);
    expect(() => backend.ops.linear(make(backend, "bfloat16", [2, 4]), x, linear)).toThrow(/share a dtype/);
    linear.dispose();
    expect(() => backend.ops.linear(make(backend, "float16", [2, 4]), x, linear)).toThrow(/after dispose/);
  });
});

describe("weights in block formats", () => {
  const backend = createBackend({ numThreads: 2 });
  afterAll(() => backend.dispose());

  function planes(format: BlockFormat, rows: number, inFeatures: number): BlockPlanes {
    const rowBytes = blockBytes(format, inFeatures);
    return { format, blocks: tensor("uint8", [rows, rowBytes], hostStorage(new Uint8Array(rows * rowBytes))) };
  }
  const layer = (own: BlockPlanes) => ({
    inFeatures: 512,
    dtype: "bfloat16" as const,
    parts: [{ name: "w", outFeatures: own.blocks.shape[0]!, planes: own }],
  });

  test.each(COMPUTED_FORMATS)("%s takes about as many bytes as in the file, and gives them back", (format) => {
    const before = backend.memory().weights;
    const own = planes(format, 160, 512);
    const linear = backend.prepareLinear(layer(own));
    expect(linear.byteLength).toBe(backend.memory().weights - before);
    expect(linear.byteLength / own.blocks.storage.byteLength).toBeGreaterThan(0.99);
    // Where a file has a scale and a minimum in one byte, panels have two.
    expect(linear.byteLength / own.blocks.storage.byteLength).toBeLessThan(format === "q2_k" ? 1.2 : 1.06);
    linear.dispose();
    expect(backend.memory().weights).toBe(before);
  });

  test("refuses what does not fit", () => {
    const invalid = (message: RegExp) =>
      expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringMatching(message) });
    const right = planes("q4_k", 8, 512);
    expect(() => backend.prepareLinear({ ...layer(right), inFeatures: 768 })).toThrow(invalid(/uint8 \[8,432\]/));
    expect(() => backend.prepareLinear({ ...layer(right), inFeatures: 500 })).toThrow(invalid(/whole q4_k blocks/));
    const linear = backend.prepareLinear(layer(right));
    const update = (own: BlockPlanes) => () => backend.updateLinear(linear, 0, layer(own).parts[0]!);
    expect(update(planes("q5_k", 8, 512))).toThrow(invalid(/w is q5_k, the layer was prepared with q4_k/));
    expect(update(planes("q4_k", 9, 512))).toThrow(invalid(/\[8,288\]/));
    expect(update(right)).not.toThrow();
    linear.dispose();
  });
});
