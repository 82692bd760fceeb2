// Octavo's architectures against transformers: logits within 1e-3 at every position and equal greedy tokens, in float32, on every
// backend there is here.
import type { Backend, Tensor } from "@octavo/core";
import { createReferenceBackend } from "@octavo/core/testing";
import { createBackend } from "@octavo/kernels-cpu";
import { describe, expect, test } from "vitest";
import { type GoldenCase, type GoldenModel, goldenModels, goldenPocket, largestDistance } from "./golden.js";
import { goldenOptions, logitsOf, maxModelLen } from "./golden-run.js";
import { argmax, hostFloats, ModelRun } from "./run-model.js";

const TOLERANCE = 1e-3;
const backends: [string, () => Backend][] = [
  ["reference", createReferenceBackend],
  ["cpu", () => createBackend({ numThreads: 2 })],
];

/** Plain loops are: there a prompt is computed whole, and only short ones go on. */
const isSlow = (backend: string) => backend === "reference";

describe.each(backends)("%s", (name, create) => {
  describe.each(goldenModels().map((model) => [model.name, model] as const))("%s", (_, model) => {
    test.each(model.cases.filter((c) => c.logits).map((c) => [c.name, c] as const))("logits of %s", (_name, golden) => {
      using backend = create();
      const { length } = golden.ids;
      for (const chunk of isSlow(name) ? [length] : [length, 13]) {
        const worst = largestDistance(logitsOf(model, backend, golden, chunk), golden);
        expect(worst.distance, `chunks of ${chunk}: ${JSON.stringify(worst)}`).toBeLessThan(TOLERANCE);
      }
    });

    test("what each layer leaves in the residual stream", () => {
      using backend = create();
      const { ids } = model.cases.find((c) => c.name === "p7")!;
      const found = new Map<string, Float32Array>();
      const tap = (tapped: string, tensor: Tensor) => found.set(tapped, hostFloats(backend, tensor));
      using run = new ModelRun(model.folder, backend, ids.length, { ...goldenOptions(backend), tap });
      run.feed(ids);
      expect(model.layers).toHaveLength(run.model.config.numLayers);
      const distances = model.layers.map((layer, i) => distance(found.get(`layers.${i}`)!, layer));
      const first = distances.findIndex((found) => !(found < TOLERANCE));
      expect(first, `the first layer that differs; distances ${distances}`).toBe(-1);
    });

    const most = isSlow(name) ? 100 : Number.POSITIVE_INFINITY;
    const greedy = model.cases.filter((c) => (c.greedy ?? c.greedyCached) && c.ids.length <= most);
    test.each(greedy.map((c) => [c.name, c] as const))("greedy tokens of %s", (_name, golden) => {
      using backend = create();
      const { ids } = golden;
      if (maxModelLen(model, ids.length)) {
        const expected = golden.greedy!;
        expect(recomputed(model, backend, golden, expected.length)).toEqual(expected);
      } else {
        const expected = (golden.greedyCached ?? golden.greedy)!;
        using run = new ModelRun(model.folder, backend, ids.length + expected.length, goldenOptions(backend));
        expect(run.greedy(ids, expected.length)).toEqual(expected);
      }
    });
  });

  const pocket = goldenPocket();
  test.each(pocket.cases.map((c) => [c.name, c] as const))("pocket: %s", (_name, golden) => {
    using backend = create();
    const steps = isSlow(name) ? 4 : golden.greedy!.length;
    using run = new ModelRun(pocket.folder, backend, golden.ids.length + steps, { dtype: "float32" });
    expect(run.greedy(golden.ids, steps)).toEqual(golden.greedy!.slice(0, steps));
    if (golden.logits === null) return;
    const worst = largestDistance(logitsOf(pocket, backend, golden, golden.ids.length), golden);
    expect(worst.distance, JSON.stringify(worst)).toBeLessThan(TOLERANCE);
  });
});

/** The largest one; NaN where there is one. */
function distance(found: Float32Array, expected: Float32Array): number {
  expect(found).toHaveLength(expected.length);
  return expected.reduce((worst, value, i) => Math.max(worst, Math.abs(found[i]! - value)), 0);
}

/** A new model for each token, with the frequencies of the length that it then has. */
function recomputed(model: GoldenModel, backend: Backend, golden: GoldenCase, count: number): number[] {
  const tokens: number[] = [];
  while (tokens.length < count) {
    const ids = [...golden.ids, ...tokens];
    tokens.push(argmax(logitsOf(model, backend, { ...golden, ids }, ids.length).at(-1)!));
  }
  return tokens;
}

test("a step takes exactly the workspace that the model asked for", () => {
  const model = goldenModels().find(({ name }) => name === "llama-bf16");
  using backend = createReferenceBackend();
  using run = new ModelRun(model!.folder, backend, 33);
  run.feed(model!.cases.find((c) => c.ids.length === 33)!.ids);
  // All positions are sampled here without a gathered copy of the hidden states.
  const { hiddenSize } = run.model.config;
  const gathered = Math.ceil((33 * hiddenSize * 4) / 256) * 256;
  expect(run.model.dtype).toBe("bfloat16");
  expect(run.workspaceUsed).toBeLessThanOrEqual(run.workspaceBytes);
  expect(run.workspaceUsed).toBeGreaterThanOrEqual(run.workspaceBytes - gathered);
});

test("intermediates can be tapped, layer by layer", () => {
  const model = goldenModels().find(({ name }) => name === "llama-bf16");
  using backend = createReferenceBackend();
  const names: string[] = [];
  using run = new ModelRun(model!.folder, backend, 4, { tap: (name) => names.push(name) });
  run.feed([1, 2, 3, 4]);
  const layers = [0, 1, 2].flatMap((i) => [`layers.${i}.attention`, `layers.${i}.mlp`, `layers.${i}`]);
  expect(names).toEqual(["embedding", ...layers, "norm"]);
});
