// One row of the op-case table: a call of one op, why it is there, and how near a backend must come to the reference.
import type { FloatDType } from "../../dtype.js";
import type { Ops } from "../../ops.js";
import type { CaseBench } from "./case-bench.js";

export type OpName = keyof Ops;

/** How far a float output may be from the reference; an element passes within `absolute + relative * |expected|`. */
export interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
  /** Sum of squared errors over sum of squares, of a whole output. */
  readonly nmse: number;
}

export interface OpCase {
  readonly op: OpName;
  /** Unique in the table. */
  readonly name: string;
  /** What would go unnoticed without this case. */
  readonly why: string;
  readonly dtype: FloatDType;
  /** "exact": the same bytes as the reference. */
  readonly tolerance: Tolerance | "exact";
  /** Makes the tensors on `bench` and returns the call. It must do the same for the same `bench.random`. */
  prepare(bench: CaseBench): () => void;
}

/**
 * What kernels that sum in float32 and round once keep, for outputs of magnitude about 1. The narrow types allow one unit in
 * the last place, but not for many elements: that is what nmse is for.
 */
export const TOLERANCES: Readonly<Record<FloatDType, Tolerance>> = {
  float32: { absolute: 2e-5, relative: 1e-4, nmse: 1e-10 },
  float16: { absolute: 1e-3, relative: 2e-3, nmse: 1e-6 },
  bfloat16: { absolute: 8e-3, relative: 1e-2, nmse: 1e-5 },
};

/** For outputs of magnitude `factor` instead of 1. */
export function scaled(tolerance: Tolerance, factor: number): Tolerance {
  return { ...tolerance, absolute: tolerance.absolute * factor };
}
