// Values for the cases' tensors: random ones, and those that break kernels.
import type { FloatDType } from "../../dtype.js";
import type { Random } from "../random.js";
import type { Fill } from "./case-bench.js";

/** Normal with standard deviation `scale`. */
export function normal(random: Random, scale = 1): Fill {
  return () => scale * random.normal();
}

/** Integers in [-limit, limit]: sums of their products are exact in float32, whatever the order. */
export function smallIntegers(random: Random, limit: number): Fill {
  return () => random.integer(2 * limit + 1) - limit;
}

/** Ids in [0, below). */
export function ids(random: Random, below: number): Fill {
  return () => random.integer(below);
}

/** Zeros of both signs, denormals and the smallest normal numbers of `dtype`, both signs. */
export function tiny(random: Random, dtype: FloatDType): Fill {
  const smallest = { float32: 2 ** -149, float16: 2 ** -24, bfloat16: 2 ** -133 }[dtype];
  return () => {
    const value = random.integer(4) === 0 ? 0 : smallest * random.integer(2000);
    return random.integer(2) === 0 ? value : -value;
  };
}

/** The values of `list`, in order. */
export function listed(list: readonly number[]): Fill {
  return (index) => list[index]!;
}
