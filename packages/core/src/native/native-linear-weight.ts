// What ops with weights need to know of them.
import type { LinearWeight } from "../linear.js";

/** A linear weight that native code knows by a number, below 0 after `dispose()`. */
export interface NativeLinearWeight extends LinearWeight {
  readonly id: number;
}

/** Whether a weight was prepared by one certain backend. */
export type IsOwnWeight = (weight: LinearWeight) => weight is NativeLinearWeight;
