// Runs the op-case table on a GPU against the reference loops, and prints what differs.
import { createReferenceBackend, type OpReport, opCases, runOpCase } from "@octavo/core/testing";
import { CudaBackend, type CudaBackendOptions } from "./cuda-backend.js";

/** Failures that are printed; the rest is only counted. */
const MOST_PRINTED = 40;

export interface VerifyOptions extends CudaBackendOptions {
  /** Only cases of this op. */
  readonly op?: string;
  readonly print?: (line: string) => void;
}

/** @returns how many cases failed */
export function verify({ op, print = console.log, ...options }: VerifyOptions = {}): number {
  using backend = new CudaBackend(options);
  const reference = createReferenceBackend();
  const heldBefore = heldBytes(backend);
  print(`${backend.info.name}: ${backend.info.description}`);
  const counts = new Map<string, { passed: number; failed: number }>();
  let failures = 0;
  for (const opCase of opCases) {
    if (op && opCase.op !== op) continue;
    const count = counts.get(opCase.op) ?? { passed: 0, failed: 0 };
    counts.set(opCase.op, count);
    const failure = failureOf(() => runOpCase(opCase, backend, reference), opCase.name);
    if (failure === undefined) {
      count.passed++;
      continue;
    }
    count.failed++;
    if (++failures <= MOST_PRINTED) print(`FAIL ${failure.slice(0, 400)}`);
  }
  for (const [name, { passed, failed }] of counts) print(`${name}: ${passed} passed, ${failed} failed`);
  backend.releaseStaging();
  const held = heldBytes(backend) - heldBefore;
  if (held !== 0) print(`FAIL the cases left ${held} bytes of GPU memory`);
  print(`${[...counts.values()].reduce((sum, { passed }) => sum + passed, 0)} passed, ${failures} failed`);
  return failures + (held === 0 ? 0 : 1);
}

function heldBytes(backend: CudaBackend): number {
  return Object.values(backend.memory()).reduce((sum, bytes) => sum + bytes, 0);
}

function failureOf(run: () => OpReport, name: string): string | undefined {
  try {
    return run().failure;
  } catch (error) {
    return `${name}: threw ${(error as Error).message}`;
  }
}
