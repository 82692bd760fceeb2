// Random fills and weights that lie on the device: the CPU backend's bytes are the reference's.
import { createReferenceBackend, memoryCases, runMemoryCase } from "@octavo/core/testing";
import { createBackend } from "@octavo/kernels-cpu";
import { describe, expect, test } from "vitest";
import { instructionSets } from "./instruction-sets.js";

describe.each(instructionSets)("%s", (isa) => {
  const reference = createReferenceBackend();

  test.each(memoryCases.map((memoryCase) => [memoryCase.name, memoryCase] as const))("%s", (_name, memoryCase) => {
    using backend = createBackend({ isa, numThreads: 2 });
    expect(runMemoryCase(memoryCase, backend, reference)).toBeUndefined();
    expect(Object.values(backend.memory())).toEqual([0, 0, 0, 0, 0]);
  });
});
