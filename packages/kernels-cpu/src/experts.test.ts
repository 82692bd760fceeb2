// Experts on the CPU: what is refused, and what they are the same as.
import type { LinearWeight } from "@octavo/core";
import { CaseBench } from "@octavo/core/testing";
import { afterAll, expect, test } from "vitest";
import { createBackend } from "./index.js";

const backend = createBackend({ numThreads: 2 });
const bench = new CaseBench(backend, 1);
afterAll(() => {
  bench.dispose();
  backend.dispose();
});

const invalid = (message: RegExp) =>
  expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringMatching(message) });

const [IN, OUT] = [40, 24];

function layer(outFeatures = OUT, from: CaseBench = bench): LinearWeight {
  const weight = from.hostTensor("float32", [outFeatures, IN], () => from.random.normal());
  return from.linear({
    inFeatures: IN,
    dtype: "float32",
    parts: [{ name: "w", outFeatures, planes: { format: "dense", weight } }],
  });
}

function routingOf(tokens: number, chosen: number, ids: readonly number[]) {
  return {
    experts: bench.input("experts", "int32", [tokens, chosen], (i) => ids[i]!),
    weights: bench.input("weights", "float32", [tokens, chosen], () => 1),
  };
}

const x = bench.input("x", "float32", [2, IN], () => bench.random.normal());

// With 150 tokens two experts have rows for kernels of many rows, one of them more than are taken at once.
test.each([2, 150])("each row is the same bytes as linear of its expert, %i tokens", (tokens) => {
  const layers = [layer(), layer(), layer()];
  const experts = bench.experts(layers);
  expect(experts).toMatchObject({ count: 3, inFeatures: IN, outFeatures: OUT, dtype: "float32" });
  const ids = Array.from({ length: tokens }, (_, token) => [token % 8 === 0 ? 2 : 0, 1]).flat();
  const many = bench.input("x", "float32", [tokens, IN], () => bench.random.normal());
  const out = bench.output("out", "float32", [2 * tokens, OUT]);
  backend.ops.expertLinear(out, many, experts, routingOf(tokens, 2, ids));
  const rows = (t: typeof out) =>
    Array.from({ length: t.shape[0]! }, (_, row) =>
      Buffer.from(t.storage.bytes!.subarray(t.byteOffset + 4 * OUT * row, t.byteOffset + 4 * OUT * (row + 1))),
    );
  const alone = layers.map((linear) => {
    const of = bench.output("alone", "float32", [tokens, OUT]);
    backend.ops.linear(of, many, linear);
    return rows(of);
  });
  expect(rows(out)).toEqual(ids.map((id, row) => alone[id]![Math.floor(row / 2)]));
});

test("layers of other shapes, dtypes or backends, and none, are refused", () => {
  expect(() => backend.prepareExperts([])).toThrow(invalid(/0 experts/));
  expect(() => backend.prepareExperts([layer(), layer(8)])).toThrow(
    invalid(/expert 1 is float32 \[8, 40\], the first is/),
  );
  using other = createBackend({ numThreads: 1 });
  using foreign = new CaseBench(other, 1);
  expect(() => backend.prepareExperts([layer(OUT, foreign)])).toThrow(invalid(/another backend/));
  const experts = foreign.experts([layer(OUT, foreign)]);
  const out = bench.output("out", "float32", [2, OUT]);
  expect(() => backend.ops.expertLinear(out, x, experts, routingOf(2, 1, [0, 0]))).toThrow(invalid(/another backend/));
});

test("an expert that is not there is an error, before anything is written", () => {
  const experts = bench.experts([layer(), layer()]);
  const out = bench.output("out", "float32", [2, OUT], { initial: () => 7 });
  for (const id of [-1, 2]) {
    expect(() => backend.ops.expertLinear(out, x, experts, routingOf(2, 1, [0, id]))).toThrow(
      expect.objectContaining({ code: "INTERNAL", message: expect.stringMatching(`expert ${id} of row 1`) }),
    );
  }
  const values = new Float32Array(out.storage.bytes!.buffer, out.storage.bytes!.byteOffset + out.byteOffset, 2 * OUT);
  expect(new Set(values)).toEqual(new Set([7]));
});

test("after dispose() of the experts or of one of their weights they are not used", () => {
  const layers = [layer(), layer()];
  const out = bench.output("out", "float32", [2, OUT]);
  const routing = routingOf(2, 1, [0, 0]);
  const disposed = backend.prepareExperts(layers);
  disposed.dispose();
  disposed.dispose();
  const incomplete = backend.prepareExperts(layers);
  layers[1]!.dispose();
  for (const experts of [disposed, incomplete]) {
    expect(() => backend.ops.expertLinear(out, x, experts, routing)).toThrow(
      expect.objectContaining({ code: "DISPOSED" }),
    );
  }
  incomplete.dispose();
});

test("shapes that do not fit are refused", () => {
  const experts = bench.experts([layer(), layer()]);
  const routing = routingOf(2, 2, [0, 1, 1, 0]);
  const out = bench.output("out", "float32", [4, OUT]);
  const logits = bench.input("logits", "float32", [2, 6], () => 0);
  const route = (groups: number, topGroups: number) =>
    backend.ops.routeExperts(routing, logits, { scoring: "softmax", renormalize: true, groups, topGroups });
  expect(() => route(4, 2)).toThrow(invalid(/2 of 6 experts cannot come from 2 of 4 groups/));
  expect(() => route(6, 1)).toThrow(invalid(/2 of 6 experts cannot come from 1 of 6 groups/));
  const few = bench.input("few", "float32", [3, IN], () => 0);
  expect(() => backend.ops.expertLinear(out, few, experts, routing)).toThrow(invalid(/x is \[3,40\], \[2,40\]/));
  expect(() => backend.ops.combineExperts(logits, out, routing)).toThrow(invalid(/x is \[4,24\], \[4,6\]/));
});
