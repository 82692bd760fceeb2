// Runs a case on a backend and on the reference, and says where they part.
import type { Backend } from "../../backend.js";
import { DTYPES, isFloatDType } from "../../dtype.js";
import { assertInternal } from "../../errors.js";
import { elementCount } from "../../tensor.js";
import { load } from "../elements.js";
import { createReferenceBackend } from "../reference/reference-backend.js";
import { CaseBench, type CaseOutput } from "./case-bench.js";
import type { OpCase, Tolerance } from "./op-case.js";

/** What became of a case on a backend. */
export interface OpReport {
  readonly case: string;
  readonly backend: string;
  /** Gives the same inputs again. */
  readonly seed: number;
  readonly passed: boolean;
  /** Largest error of a finite element, over all float outputs. */
  readonly maxAbsolute: number;
  /** Largest error over the expected magnitude. */
  readonly maxRelative: number;
  /** Sum of squared errors over sum of squares, of the worst output. */
  readonly nmse: number;
  /** What failed first: output, index, values, seed. */
  readonly failure?: string;
}

/** The seed that a case has when none is given: a hash of its name (FNV-1a), so that adding cases changes no other. */
export function seedOf(opCase: OpCase): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < opCase.name.length; i++) hash = Math.imul(hash ^ opCase.name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** Makes the inputs, calls the op and reads the outputs back. `damage` tells of bytes that the op must not touch. */
export function executeOpCase(
  opCase: OpCase,
  backend: Backend,
  seed: number = seedOf(opCase),
): { outputs: CaseOutput[]; damage: string[] } {
  const bench = new CaseBench(backend, seed);
  try {
    opCase.prepare(bench)();
    return bench.collect();
  } finally {
    bench.dispose();
  }
}

/**
 * Compares `backend` with the reference on one case. It throws what the backend throws.
 * @param reference default: a new reference backend
 * @param expected what it gave before for this case and seed
 */
export function runOpCase(
  opCase: OpCase,
  backend: Backend,
  reference: Backend = createReferenceBackend(),
  seed: number = seedOf(opCase),
  expected: ReturnType<typeof executeOpCase> = executeOpCase(opCase, reference, seed),
): OpReport {
  const actual = executeOpCase(opCase, backend, seed);
  assertInternal(expected.damage.length === 0, `${opCase.name}: the reference ${expected.damage.join(", ")}`);
  const failures = [...actual.damage];
  const worst = { maxAbsolute: 0, maxRelative: 0, nmse: 0 };
  expected.outputs.forEach((output, i) => {
    const difference = compare(actual.outputs[i]!, output, opCase.tolerance);
    worst.maxAbsolute = Math.max(worst.maxAbsolute, difference.maxAbsolute);
    worst.maxRelative = Math.max(worst.maxRelative, difference.maxRelative);
    worst.nmse = Math.max(worst.nmse, difference.nmse);
    if (difference.failure) failures.push(difference.failure);
  });
  const failure = failures.length ? { failure: `${opCase.name} (seed ${seed}): ${failures.join("; ")}` } : {};
  return { case: opCase.name, backend: backend.info.name, seed, passed: failures.length === 0, ...worst, ...failure };
}

interface Difference {
  maxAbsolute: number;
  maxRelative: number;
  nmse: number;
  failure?: string;
}

function compare(actual: CaseOutput, expected: CaseOutput, tolerance: Tolerance | "exact"): Difference {
  const { dtype, shape } = expected.values;
  const count = expected.compared ?? elementCount(shape);
  const got = new Float64Array(count);
  const wanted = new Float64Array(count);
  load(got, actual.values, 0);
  load(wanted, expected.values, 0);
  const exact = tolerance === "exact" || !isFloatDType(dtype);
  const sameBytes = exact ? equalBytes(actual, expected, count) : undefined;
  const result: Difference = { maxAbsolute: 0, maxRelative: 0, nmse: 0 };
  let squaredErrors = 0;
  let squares = 0;
  for (let i = 0; i < count; i++) {
    const a = got[i]!;
    const e = wanted[i]!;
    const error = Math.abs(a - e);
    const equal = sameBytes ? sameBytes(i) : Object.is(a, e) || a === e;
    const near =
      tolerance !== "exact" &&
      !exact &&
      error <= tolerance.absolute + tolerance.relative * Math.abs(e) &&
      error < Infinity;
    if (!equal && !near) {
      if (expected.accept?.(i, a)) continue;
      const index = indexOf(i, shape);
      result.failure ??= `${expected.name}[${index}] is ${a}, expected ${e} (error ${error.toExponential(2)})`;
    }
    if (Number.isFinite(error)) {
      result.maxAbsolute = Math.max(result.maxAbsolute, error);
      if (e !== 0) result.maxRelative = Math.max(result.maxRelative, error / Math.abs(e));
      squaredErrors += error * error;
      squares += e * e;
    }
  }
  result.nmse = squares > 0 ? squaredErrors / squares : 0;
  if (!result.failure && !exact && result.nmse > tolerance.nmse) {
    result.failure = `${expected.name} has normalised mean squared error ${result.nmse.toExponential(2)}, more than ${tolerance.nmse}`;
  }
  return result;
}

function equalBytes(actual: CaseOutput, expected: CaseOutput, count: number): (index: number) => boolean {
  const { size } = DTYPES[expected.values.dtype];
  const a = actual.values.storage.bytes!;
  const e = expected.values.storage.bytes!;
  if (Buffer.compare(a.subarray(0, count * size), e.subarray(0, count * size)) === 0) return () => true;
  return (index) =>
    Buffer.compare(a.subarray(index * size, (index + 1) * size), e.subarray(index * size, (index + 1) * size)) === 0;
}

function indexOf(flat: number, shape: readonly number[]): string {
  const index: number[] = [];
  for (let dim = shape.length - 1; dim >= 0; dim--) {
    index.unshift(flat % shape[dim]!);
    flat = Math.floor(flat / shape[dim]!);
  }
  return index.join(",");
}
