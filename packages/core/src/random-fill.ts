// Random tensors that are the same bits on every backend: the formula, and the check of its arguments that all of them share.
import { type FloatDType, isFloatDType } from "./dtype.js";
import { checkArgument } from "./errors.js";
import { isContiguous, type Tensor } from "./tensor.js";

/** Uniform random values from `low` to `high`. */
export interface RandomValues {
  /** A whole number from 0 to 2^32 - 1. */
  readonly seed: number;
  /** The smallest value. */
  readonly low: number;
  /** The largest value. */
  readonly high: number;
}

/**
 * What a backend computes a fill from. Element i of the target in row-major order: word i mod 4 of Philox4x32-10 (philox.ts) for
 * the counter (floor(i / 4) mod 2^32, 0, floor(i / 2^34), 0) and the key (seed, 0); its upper 24 bits w give
 * `low + span * (w * 2^-24)` in float32, product and sum rounded one after the other, then rounded to the dtype. All roundings
 * are to nearest even.
 */
export interface RandomFill {
  /** Of the target. */
  readonly dtype: FloatDType;
  /** First word of the key. */
  readonly seed: number;
  /** A float32 number. */
  readonly low: number;
  /** float32(float32(high) - low) */
  readonly span: number;
}

/** @throws INVALID_ARGUMENT for a strided or not floating target, a seed out of range, or bounds that are no range */
export function randomFill(target: Tensor, { seed, low, high }: RandomValues): RandomFill {
  const { dtype, shape } = target;
  checkArgument(
    isFloatDType(dtype) && isContiguous(target),
    `a ${dtype} tensor [${shape}] with strides [${target.strides}] cannot be filled with random values: it must be contiguous, of float32, float16 or bfloat16`,
    "target",
  );
  checkArgument(
    Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32,
    `seed must be a whole number below 2^32, got ${seed}`,
    "seed",
  );
  const first = Math.fround(low);
  const span = Math.fround(Math.fround(high) - first);
  checkArgument(
    Number.isFinite(first) && Number.isFinite(span) && span >= 0,
    `random values from ${low} to ${high} are not a range of float32`,
    "low",
  );
  return { dtype, seed, low: first, span };
}
