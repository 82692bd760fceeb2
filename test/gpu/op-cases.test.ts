// The op-case table on the GPU, in both ways of choosing linear kernels.
import {
  createReferenceBackend,
  damageCases,
  memoryCases,
  opCases,
  runDamageCase,
  runMemoryCase,
  runOpCase,
} from "@octavo/core/testing";
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

  test("a plan with wrong records is an error at the next wait, and writes nothing outside of the tables", () => {
    using backend = createBackend();
    for (const damageCase of damageCases) {
      const { message, damage } = runDamageCase(damageCase, backend);
      expect(message, damageCase.name).toMatch(/prepareBatch: a record|adjustLogits: an edit/);
      expect(damage, damageCase.name).toEqual([]);
    }
    expect(runDamageCase({ name: "as it should be" }, backend)).toEqual({ message: undefined, damage: [] });
  });
});
