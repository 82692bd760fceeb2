import { FLOAT_DTYPES, type FloatDType, hostStorage, tensor } from "@octavo/core";
import { afterAll, describe, expect, test } from "vitest";
import {
  fromHalf,
  ISAS,
  make,
  randomNumbers,
  relativeError,
  TOLERANCE,
  toBfloat16,
  toHalf,
  values,
} from "../test/tensors.js";
import { createBackend } from "./index.js";

const SEED = 20_261;

describe.each(ISAS)("row ops (%s)", (isa) => {
  const backend = createBackend({ isa, numThreads: 2 });
  afterAll(() => backend.dispose());
  const random = randomNumbers(SEED);
  const cases = FLOAT_DTYPES.flatMap((dtype) =>
    [1, 7, 8, 64, 577].map((width) => [dtype, width] as [FloatDType, number]),
  );

  test.each(cases)("rmsNorm and addRmsNorm, %s, width %i", (dtype, hidden) => {
    const tokens = 5;
    const x = make(backend, dtype, [tokens, hidden], () => 3 * random());
    const residual = make(backend, dtype, [tokens, hidden], () => 3 * random());
    const weight = make(backend, dtype, [hidden], random);
    const out = make(backend, dtype, [tokens, hidden]);
    const scale = values(weight);
    const normalized = (rows: number[]) =>
      rows.map((value, i) => {
        const row = rows.slice(i - (i % hidden), i - (i % hidden) + hidden);
        const square = row.reduce((sum, v) => sum + v * v, 0) / hidden;
        return (value / Math.sqrt(square + 1e-5)) * scale[i % hidden]!;
      });
    backend.ops.rmsNorm(out, x, weight, 1e-5);
    expect(relativeError(values(out), normalized(values(x))), `seed ${SEED}`).toBeLessThan(TOLERANCE[dtype]);
    const added = values(x);
    const sums = values(residual).map((value, i) => value + added[i]!);
    backend.ops.addRmsNorm(out, residual, x, weight, 1e-5);
    expect(relativeError(values(residual), sums)).toBeLessThan(TOLERANCE[dtype]);
    expect(relativeError(values(out), normalized(values(residual)))).toBeLessThan(TOLERANCE[dtype]);
  });

  test.each(cases)("gatedActivation, %s, width %i", (dtype, width) => {
    const gateUp = make(backend, dtype, [3, 2 * width], (i) => (i % 5 === 0 ? 40 : 4) * random());
    const out = make(backend, dtype, [3, width]);
    backend.ops.gatedActivation(out, gateUp, "silu");
    const from = values(gateUp);
    const expected = values(out).map((_, i) => {
      const at = Math.floor(i / width) * 2 * width + (i % width);
      return (from[at]! / (1 + Math.exp(-from[at]!))) * from[at + width]!;
    });
    expect(relativeError(values(out), expected), `seed ${SEED}`).toBeLessThan(TOLERANCE[dtype]);
  });

  test.each(FLOAT_DTYPES)("gatedActivation of extreme gates, %s", (dtype) => {
    const gates = [-Infinity, -200, -90, -88, -0, 0, 88, 90, 200, Number.NaN];
    const gateUp = make(backend, dtype, [1, 2 * gates.length], (i) => gates[i] ?? 1);
    const out = make(backend, dtype, [1, gates.length]);
    backend.ops.gatedActivation(out, gateUp, "silu");
    const found = values(out);
    expect(found[0]).toBeNaN();
    for (let i = 1; i < 6; i++) expect(found[i]).toBeCloseTo(0, 6);
    expect(found.slice(6, 9)).toEqual(values(gateUp).slice(6, 9));
    expect(found[9]).toBeNaN();
  });

  test.each([
    [64, 64],
    [64, 32],
    [80, 20],
  ])("rope of heads of %i with %i rotated, q and k inside of one tensor", (headDim, rotaryDim) => {
    const [tokens, heads, kvHeads] = [4, 3, 1];
    const angles = make(backend, "float32", [10, rotaryDim], random);
    const positions = make(backend, "int32", [tokens], (i) => [9, 0, 3, 3][i]!);
    for (const dtype of FLOAT_DTYPES) {
      const all = make(backend, dtype, [tokens, heads + kvHeads, headDim], random);
      const before = values(all);
      const view = (first: number, count: number) => ({
        ...all,
        shape: [tokens, count, headDim],
        byteOffset: first * headDim * (dtype === "float32" ? 4 : 2),
      });
      backend.ops.rope(view(0, heads), view(heads, kvHeads), positions, angles);
      const half = rotaryDim / 2;
      const expected = before.map((value, i) => {
        const d = i % headDim;
        const token = Math.floor(i / (headDim * (heads + kvHeads)));
        const row = values(positions)[token]! * rotaryDim;
        if (d >= rotaryDim) return value;
        const cosine = values(angles)[row + (d % half)]!;
        const sine = values(angles)[row + half + (d % half)]!;
        return d < half ? value * cosine - before[i + half]! * sine : value * cosine + before[i - half]! * sine;
      });
      expect(relativeError(values(all), expected), `seed ${SEED}`).toBeLessThan(TOLERANCE[dtype]);
    }
  });

  test("rope refuses positions outside of the table", () => {
    const q = make(backend, "float32", [1, 1, 8], random);
    const angles = make(backend, "float32", [4, 8], random);
    for (const position of [-1, 4]) {
      const positions = make(backend, "int32", [1], () => position);
      expect(() => backend.ops.rope(q, q, positions, angles)).toThrow(/position .* is outside of the table of 4/);
    }
  });

  test("embedding copies rows and gives zeros for ids outside of the table; gatherRows refuses them", () => {
    const table = make(backend, "bfloat16", [6, 33], random);
    const ids = make(backend, "int32", [4], (i) => [5, -1, 0, 6][i]!);
    const out = make(backend, "bfloat16", [4, 33]);
    backend.ops.embedding(out, table, ids);
    const rows = values(table);
    expect(values(out)).toEqual([
      ...rows.slice(165, 198),
      ...Array(33).fill(0),
      ...rows.slice(0, 33),
      ...Array(33).fill(0),
    ]);
    backend.ops.gatherRows(
      out,
      table,
      make(backend, "int32", [4], (i) => i + 1),
    );
    expect(values(out)).toEqual(rows.slice(33, 165));
    expect(() => backend.ops.gatherRows(out, table, ids)).toThrow(/index -1 of sample 1 is outside of \[0, 6\)/);
  });

  test("conversion keeps every half and bfloat16, NaN included", () => {
    for (const [dtype, decode] of [
      ["float16", fromHalf],
      ["bfloat16", (word: number) => new Float32Array(new Int32Array([word << 16]).buffer)[0]!],
    ] as const) {
      const words = Uint16Array.from({ length: 65_536 }, (_, i) => i);
      const source = tensor(dtype, [65_536], hostStorage(new Uint8Array(words.buffer)));
      const floats = backend.upload(source, "float32");
      const found = values(floats);
      const wrong = found.findIndex((value, i) => !Object.is(value, decode(i)));
      expect(wrong, `${dtype} 0x${wrong.toString(16)}`).toBe(-1);
      const back = backend.upload(floats, dtype);
      const lost = values(back).findIndex((value, i) => !Object.is(value, decode(i)));
      expect(lost, `${dtype} 0x${lost.toString(16)} back`).toBe(-1);
    }
  });

  test("conversion rounds to nearest even", () => {
    const near = randomNumbers(SEED + 1);
    const inputs = Float32Array.from({ length: 20_000 }, (_, i) => {
      const tie = fromHalf((i * 7) % 0x7c00) + 2 ** (Math.max(1, ((i * 7) % 0x7c00) >> 10) - 26);
      return i % 2 ? tie : near() * 2 ** ((i % 60) - 40);
    });
    const source = tensor("float32", [inputs.length], hostStorage(new Uint8Array(inputs.buffer)));
    for (const [dtype, encode] of [
      ["float16", toHalf],
      ["bfloat16", toBfloat16],
    ] as const) {
      const uploaded = backend.upload(source, dtype).storage.bytes!;
      const found = new Uint16Array(uploaded.buffer, 0, inputs.length);
      const wrong = inputs.findIndex((value, i) => found[i] !== encode(value));
      expect(wrong, `${dtype} of ${inputs[wrong]}: ${found[wrong]}, ${encode(inputs[wrong]!)} expected`).toBe(-1);
    }
  });
});
