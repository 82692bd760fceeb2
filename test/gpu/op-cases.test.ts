// The op-case table on the GPU, in both ways of choosing linear kernels.
import { createReferenceBackend, memoryCases, opCases, runMemoryCase, runOpCase } from "@octavo/core/testing";
import { createBackend } from "@octavo/kernels-cuda";
import { describe, expect, test } from "vitest";
import { skipReason } from "./gpu.js";

const ops = [...new Set(opCases.map((opCase) => opCase.op))];

describe.skipIf(skipReason)("cuda", () => {
  const reference = createReferenceBackend();

  test.each([false, true])("equals the reference, batchInvariant %s", (batchInvariant) => {
    using backend = createBackend({ batchInvariant });
    const before = backend.memory();
    for (const op of ops) {
      const failures = opCases
        .filter((opCase) => opCase.op === op)
        .map((opCase) => runOpCase(opCase, backend, reference).failure)
        .filter((failure) => failure !== undefined);
      expect(failures, op).toEqual([]);
    }
    backend.releaseStaging();
    expect(backend.memory()).toEqual(before);
  });

  test("random fills and weights that lie on the GPU are the reference's bytes", () => {
    using backend = createBackend();
    const before = backend.memory();
    const failures = memoryCases.map((memoryCase) => runMemoryCase(memoryCase, backend, reference));
    expect(failures.filter((failure) => failure !== undefined)).toEqual([]);
    backend.releaseStaging();
    expect(backend.memory()).toEqual(before);
  });
});
