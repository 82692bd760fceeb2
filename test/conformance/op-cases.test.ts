// The op-case table on the CPU backend, once for each instruction set of this machine, and what no tolerance allows: results
// that depend on the number of threads.
import { createReferenceBackend, executeOpCase, type OpCase, opCases, runOpCase } from "@octavo/core/testing";
import { createBackend } from "@octavo/kernels-cpu";
import { afterAll, describe, expect, test } from "vitest";
import { instructionSets, opsOf } from "./instruction-sets.js";

const ops = [...new Set(opCases.map((opCase) => opCase.op))];
const reference = createReferenceBackend();
/** Plain loops take longer than all instruction sets together, so that each case runs in them once. */
const expected = new Map<string, ReturnType<typeof executeOpCase>>();

function expectedOf(opCase: OpCase): ReturnType<typeof executeOpCase> {
  const found = expected.get(opCase.name) ?? executeOpCase(opCase, reference);
  expected.set(opCase.name, found);
  return found;
}

test("an instruction set that does not exist is refused", () => {
  expect(() => createBackend({ isa: "sse9" })).toThrow(/sse9/);
});

describe.each(instructionSets)("%s", (isa) => {
  const single = createBackend({ isa, numThreads: 1 });
  const threaded = createBackend({ isa, numThreads: 3 });

  afterAll(() => {
    single.dispose();
    threaded.dispose();
  });

  test.each(opsOf(isa, ops))("%s equals the reference", (op) => {
    const failures = opCases
      .filter((opCase) => opCase.op === op)
      .map((opCase) => runOpCase(opCase, threaded, reference, undefined, expectedOf(opCase)).failure)
      .filter((failure) => failure !== undefined);
    expect(failures).toEqual([]);
  });

  test.each(opsOf(isa, ops))("%s gives the same bytes on 1 thread and on 3", (op) => {
    for (const opCase of opCases.filter((other) => other.op === op)) {
      const alone = executeOpCase(opCase, single).outputs;
      const shared = executeOpCase(opCase, threaded).outputs;
      alone.forEach(({ name, values }, i) => {
        const same = Buffer.compare(values.storage.bytes!, shared[i]!.values.storage.bytes!) === 0;
        expect(same, `${opCase.name}: ${name}`).toBe(true);
      });
    }
  });

  test("the cases gave back all memory", () => {
    expect(Object.values(threaded.memory())).toEqual([0, 0, 0, 0, 0]);
  });
});
