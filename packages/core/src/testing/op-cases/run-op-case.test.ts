// The runner itself: what it compares, and what it says.
import { expect, test } from "vitest";
import { tensor } from "../../tensor.js";
import { store } from "../elements.js";
import { createNullBackend, createReferenceBackend, executeOpCase, opCases, runOpCase, seedOf } from "../index.js";
import type { CaseBench, OutputOptions } from "./case-bench.js";
import type { OpCase } from "./op-case.js";
import { scoresNearBest } from "./sampling-cases.js";

const reference = createReferenceBackend();
const other = createReferenceBackend();

test("the null backend fails every case that does something", () => {
  const backend = createNullBackend();
  const cases = opCases.filter(({ dtype }) => dtype === "float32");
  const passed = cases.filter((opCase) => runOpCase(opCase, backend, reference).passed);
  expect(passed.map(({ name }) => name)).toEqual(["prepareBatch of nothing"]);
});

test("the reference touches nothing that it must not, and its cases give all memory back", () => {
  const backend = createReferenceBackend();
  for (const opCase of opCases) expect(executeOpCase(opCase, backend).damage, opCase.name).toEqual([]);
  expect(Object.values(backend.memory())).toEqual([0, 0, 0, 0, 0]);
});

test("names are unique, and every op has cases with reasons", () => {
  expect(new Set(opCases.map(({ name }) => name)).size).toBe(opCases.length);
  expect(new Set(opCases.map(({ op }) => op))).toEqual(new Set(Object.keys(reference.ops)));
  expect(opCases.every(({ why }) => why.length > 0)).toBe(true);
});

test("the reference equals itself", () => {
  const opCase = opCases.find(({ op }) => op === "pagedAttention")!;
  const report = runOpCase(opCase, createReferenceBackend(), reference);
  expect(report).toEqual({
    case: opCase.name,
    backend: "reference",
    seed: seedOf(opCase),
    passed: true,
    maxAbsolute: 0,
    maxRelative: 0,
    nmse: 0,
  });
});

test("a seed gives the same inputs again, another one others", () => {
  const opCase = opCases.find(({ op }) => op === "gatedActivation")!;
  const bytes = (seed: number) => [...executeOpCase(opCase, reference, seed).outputs[0]!.values.storage.bytes!];
  expect(bytes(1)).toEqual(bytes(1));
  expect(bytes(1)).not.toEqual(bytes(2));
});

/** A case whose call writes ones, and then on another backend than the reference something else. */
function caseOf(
  deviate: (bench: CaseBench, write: (index: number, value: number) => void) => void,
  options?: OutputOptions,
): OpCase {
  return {
    op: "gatedActivation",
    name: "made up",
    why: "",
    dtype: "float32",
    tolerance: { absolute: 0.1, relative: 0, nmse: 1e-3 },
    prepare(bench) {
      bench.input("x", "float32", [2], () => 5);
      const out = bench.output("out", "float32", [3, 4], options);
      return () => {
        store(out, 0, new Float64Array(12).fill(1));
        if (bench.backend !== reference) deviate(bench, (index, value) => store(out, index, Float64Array.of(value)));
      };
    },
  };
}

const failureOf = (...given: Parameters<typeof caseOf>) => runOpCase(caseOf(...given), other, reference, 77).failure;

test("a report names output, index, values and seed", () => {
  expect(failureOf((_, write) => write(6, 9))).toBe("made up (seed 77): out[1,2] is 9, expected 1 (error 8.00e+0)");
  expect(failureOf((_, write) => write(11, Number.NaN))).toMatch(/out\[2,3\] is NaN, expected 1/);
  expect(failureOf((_, write) => write(0, Number.POSITIVE_INFINITY))).toMatch(/out\[0,0\] is Infinity/);
});

test("an error within the tolerance passes, many of them do not", () => {
  expect(failureOf((_, write) => write(3, 1.05))).toBeUndefined();
  const all = failureOf((_, write) => {
    for (let i = 0; i < 12; i++) write(i, 1.09);
  });
  expect(all).toMatch(/normalised mean squared error 8.1\de-3, more than 0.001/);
});

test("writing outside of the output is found, on both sides", () => {
  expect(failureOf((_, write) => write(-1, 0))).toMatch(/wrote before the first byte of out/);
  expect(failureOf((_, write) => write(12, 0))).toMatch(/wrote after the last byte of out/);
});

test("an output that was not written is found", () => {
  const silent: OpCase = {
    ...caseOf(() => {}),
    prepare: (bench) => {
      const out = bench.output("out", "float32", [3]);
      return () => {
        if (bench.backend === reference) store(out, 0, new Float64Array(3));
      };
    },
  };
  expect(runOpCase(silent, other, reference).failure).toMatch(/out\[0\] is NaN, expected 0/);
});

test("a changed input is found", () => {
  const greedy: OpCase = {
    ...caseOf(() => {}),
    prepare(bench) {
      const x = bench.input("x", "bfloat16", [2, 2], () => 5);
      return () =>
        bench.backend !== reference && store(tensor("bfloat16", [4], x.storage, x.byteOffset), 3, Float64Array.of(6));
    },
  };
  expect(runOpCase(greedy, other, reference).failure).toMatch(/changed its input x/);
});

test("elements that are not compared, and values that a case accepts", () => {
  expect(failureOf((_, write) => write(4, 9), { compared: 4 })).toBeUndefined();
  expect(failureOf((_, write) => write(3, 9), { compared: 4 })).toBeDefined();
  expect(
    failureOf((_, write) => write(4, 1.5), { accept: (index, actual) => index === 4 && actual === 1.5 }),
  ).toBeUndefined();
});

test("a sampled token is near the best only within rounding", () => {
  const off = { temperature: 0.5, topP: 1, minP: 0, topK: 0, seedLow: 1, seedHigh: 2, choice: 0 };
  const near = (logits: number[], token: number, given = {}) =>
    scoresNearBest(Float64Array.from(logits), { ...off, ...given }, 3, token);
  const winners = (logits: number[], given = {}) => logits.map((_, token) => near(logits, token, given));
  // One token is so likely that noise cannot matter.
  expect(winners([0, 1000, 0])).toEqual([false, true, false]);
  // Rounding may or may not drop a token that is at a filter's limit, so either may win; one clearly below never does.
  for (let seedLow = 0; seedLow < 20; seedLow++) {
    expect(winners([1, 1 - 1e-7, -1], { topK: 1, seedLow })[2]).toBe(false);
    expect(winners([1, 1 - 1e-7, -1], { topK: 1, seedLow })[0]).toBe(true);
    expect(winners([1, 0.99, -1], { topK: 1, seedLow })).toEqual([true, false, false]);
  }
  expect(Array.from({ length: 20 }, (_, seedLow) => near([1, 1 - 1e-7], 1, { topK: 1, seedLow }))).toContain(true);
  expect(near([5, 5], 0, { temperature: 0 })).toBe(false);
});
