// Dummy weights are the same on every backend, so their logits are as near as the kernels.
import { FLOAT_DTYPES } from "@octavo/core";
import { createReferenceBackend } from "@octavo/core/testing";
import { createBackend } from "@octavo/kernels-cpu";
import { describe, expect, test } from "vitest";
import { dummyShape } from "../fixtures/dummy-shape.js";
import { ModelRun } from "./run-model.js";

const IDS = [3, 299, 0, 17, 17, 250, 31];
/** Of logits with standard deviation 1. */
const TOLERANCE = { float32: 1e-4, float16: 0.05, bfloat16: 0.3 };

describe.each([
  ["an untied head and biases", { tie_word_embeddings: false, attention_bias: true, mlp_bias: true }],
  ["a tied head", { tie_word_embeddings: true }],
] as const)("%s", (_name, changes) => {
  test.each(FLOAT_DTYPES)("logits on the CPU are near the reference's, %s", (dtype) => {
    using shape = dummyShape(changes);
    const options = { dtype, loadFormat: "dummy" as const };
    using cpu = createBackend();
    using reference = createReferenceBackend();
    let wanted: Float32Array[];
    {
      using expected = new ModelRun(shape.folder, reference, IDS.length, options);
      wanted = expected.feed(IDS);
    }
    {
      using actual = new ModelRun(shape.folder, cpu, IDS.length, options);
      const logits = actual.feed(IDS);
      for (const [at, row] of wanted.entries()) {
        const variance = row.reduce((sum, x) => sum + x * x, 0) / row.length;
        expect(variance).toBeGreaterThan(0.3);
        expect(variance).toBeLessThan(3);
        const worst = row.reduce((most, x, i) => Math.max(most, Math.abs(x - logits[at]![i]!)), 0);
        expect(worst).toBeLessThan(TOLERANCE[dtype]);
      }
    }
    expect(Object.values(cpu.memory())).toEqual([0, 0, 0, 0, 0]);
  });
});
