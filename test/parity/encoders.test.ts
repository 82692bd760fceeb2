// Octavo's encoders against transformers: hidden states within 1e-3 at every position, in float32, and no prompt's depend on the others
// in its batch.
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Backend, openSafetensors, type Tensor } from "@octavo/core";
import { createReferenceBackend } from "@octavo/core/testing";
import { createBackend } from "@octavo/kernels-cpu";
import { isEncoder, loadModel, loadTextModel, openModel, readModelConfig } from "@octavo/models";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { goldenEncoders, largestGap } from "./golden-encoders.js";
import { encode } from "./run-encoder.js";
import { hostFloats } from "./run-model.js";

/** Of names that belong to heads. */
const TASK = /^(pooler|cls|lm_head|head)\./;
const TOLERANCE = 1e-3;
const backends: [string, () => Backend][] = [
  ["reference", createReferenceBackend],
  ["cpu", () => createBackend({ numThreads: 2 })],
];
const encoders = goldenEncoders().filter(({ folder }) => isEncoder(openModel(folder).config));

describe.each(backends)("%s", (_name, create) => {
  describe.each(encoders.map((model) => [model.name, model] as const))("%s", (_, { folder, cases, layers }) => {
    test("hidden states of prompts in one batch", () => {
      using backend = create();
      const found = encode(
        folder,
        backend,
        cases.map(({ prompt }) => prompt),
      );
      const gaps = cases.map(({ hidden }, i) => largestGap(found[i]!, hidden));
      expect(cases).toHaveLength(4);
      for (const gap of gaps) expect(gap, `distances ${gaps}`).toBeLessThan(TOLERANCE);
    });

    test("what each layer gives", () => {
      using backend = create();
      const { prompt } = cases.find(({ name }) => name === "p7")!;
      const found = new Map<string, Float32Array>();
      const tap = (name: string, tensor: Tensor) => found.set(name, hostFloats(backend, tensor));
      encode(folder, backend, [prompt], { tap });
      const gaps = layers.map((layer, i) => largestGap(found.get(`layers.${i}`)!, layer));
      expect(layers).toHaveLength(openModel(folder).config.numLayers);
      const first = gaps.findIndex((gap) => !(gap < TOLERANCE));
      expect(first, `the first layer that differs; distances ${gaps}`).toBe(-1);
    });

    test("alone and in a batch: the same bits", () => {
      using backend = create();
      const prompts = cases.map(({ prompt }) => prompt);
      const together = encode(folder, backend, [...prompts].reverse()).reverse();
      for (const [i, prompt] of prompts.slice(0, 3).entries()) {
        expect(encode(folder, backend, [prompt])[0]).toEqual(together[i]);
      }
    });
  });
});

test("both dialects of a config mean the same", () => {
  const both = encoders.filter(({ folder }) => existsSync(join(folder, "config.alt.json")));
  expect(both.map(({ name }) => name)).toEqual(["modernbert", "modernbert-biases"]);
  for (const { folder } of both) {
    const other = mkdtempSync(join(tmpdir(), "octavo-encoders-"));
    onTestFinished(() => rmSync(other, { recursive: true }));
    copyFileSync(join(folder, "config.alt.json"), join(other, "config.json"));
    expect(readModelConfig(other)).toEqual(readModelConfig(folder));
  }
});

test("poolers and heads of checkpoints are passed over in silence", () => {
  const warn = vi.spyOn(process, "emitWarning");
  onTestFinished(() => warn.mockRestore());
  const heads = encoders.flatMap(({ folder }) => {
    using backend = createReferenceBackend();
    loadTextModel(folder, backend).dispose();
    return [...openSafetensors(join(folder, "model.safetensors")).tensors.keys()].filter((name) => TASK.test(name));
  });
  expect(heads).toEqual(expect.arrayContaining(["pooler.dense.weight", "lm_head.dense.bias", "head.dense.weight"]));
  expect(warn).not.toHaveBeenCalled();
});

test("an encoder is no decoder", () => {
  using backend = createReferenceBackend();
  expect(() => loadModel(encoders[0]!.folder, backend)).toThrow(
    expect.objectContaining({ code: "UNSUPPORTED", param: "architectures" }),
  );
  expect(backend.memory().weights).toBe(0);
});
