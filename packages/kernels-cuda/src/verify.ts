// Runs the op-case table and the memory cases on a GPU against the reference loops, and prints what differs.
import { type Backend, type BackendOptions, checkArgument, heldBytes } from "@octavo/core";
import { createReferenceBackend, memoryCases, opCases, runMemoryCase, runOpCase } from "@octavo/core/testing";
import { CudaBackend } from "./cuda-backend.js";

/** Failures that are printed; the rest is only counted. */
const MOST_PRINTED = 40;

export interface VerifyOptions extends BackendOptions {
  /** Only cases of this op or memory call. */
  readonly op?: string;
  readonly print?: (line: string) => void;
}

/** @returns how many cases failed. @throws INVALID_ARGUMENT for an op without cases */
export function verify({ op, print = console.log, ...options }: VerifyOptions = {}): number {
  const subjects = new Set([...opCases.map((one) => one.op), ...memoryCases.map(({ call }) => call)] as string[]);
  checkArgument(!op || subjects.has(op), () => `there is no op ${op}; there are ${[...subjects].join(", ")}`, "op");
  using backend = new CudaBackend(options);
  const reference = createReferenceBackend();
  const heldBefore = heldBytes(backend.memory());
  print(`${backend.info.name}: ${backend.info.description}`);
  const counts = new Map<string, { passed: number; failed: number }>();
  let failures = 0;
  for (const { name, subject, run } of casesOn(backend, reference)) {
    if (op && subject !== op) continue;
    const count = counts.get(subject) ?? { passed: 0, failed: 0 };
    counts.set(subject, count);
    const failure = failureOf(run, name);
    if (failure === undefined) {
      count.passed++;
      continue;
    }
    count.failed++;
    if (++failures <= MOST_PRINTED) print(`FAIL ${failure.slice(0, 400)}`);
  }
  for (const [name, { passed, failed }] of counts) print(`${name}: ${passed} passed, ${failed} failed`);
  backend.releaseStaging();
  const held = heldBytes(backend.memory()) - heldBefore;
  if (held !== 0) print(`FAIL the cases left ${held} bytes of GPU memory`);
  print(`${[...counts.values()].reduce((sum, { passed }) => sum + passed, 0)} passed, ${failures} failed`);
  return failures + (held === 0 ? 0 : 1);
}

interface Case {
  readonly name: string;
  /** The op or memory call. */
  readonly subject: string;
  /** @returns what differs from the reference */
  readonly run: () => string | undefined;
}

function casesOn(backend: Backend, reference: Backend): Case[] {
  const ofOps = opCases.map((opCase) => ({
    name: opCase.name,
    subject: opCase.op,
    run: () => runOpCase(opCase, backend, reference).failure,
  }));
  const ofMemory = memoryCases.map((memoryCase) => ({
    name: memoryCase.name,
    subject: memoryCase.call,
    run: () => runMemoryCase(memoryCase, backend, reference),
  }));
  return [...ofOps, ...ofMemory];
}

function failureOf(run: Case["run"], name: string): string | undefined {
  try {
    return run();
  } catch (error) {
    return `${name}: threw ${(error as Error).message}`;
  }
}
