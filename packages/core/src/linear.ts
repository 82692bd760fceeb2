// Weights of linear layers as a checkpoint scheme hands them to a backend (canonical planes), and as a backend keeps them
// (a handle whose layout is its own business).
import type { FloatDType } from "./dtype.js";
import type { Tensor } from "./tensor.js";

/**
 * A plain weight: [outFeatures, inFeatures], row-major, any float dtype, on the host (usually mapped from the file) or in the
 * memory of the backend that it is given to (weights that a trainer sent, or dummy ones).
 */
export interface DensePlanes {
  readonly format: "dense";
  readonly weight: Tensor;
}

/** A weight decoded to what every backend understands. Quantized formats (codes, scales, zeros, group) join this union. */
export type CanonicalPlanes = DensePlanes;

/** One checkpoint weight of a (possibly merged) linear layer. */
export interface LinearPart {
  /** Its checkpoint name, for errors and weight updates. */
  readonly name: string;
  readonly outFeatures: number;
  readonly planes: CanonicalPlanes;
  /** [outFeatures], any float dtype, on the host or in the backend's memory */
  readonly bias?: Tensor;
}

/** A linear layer to prepare: its parts are stacked along the output, in order (for example q, k and v). */
export interface LinearSpec {
  readonly inFeatures: number;
  readonly parts: readonly LinearPart[];
  /** What the weights are kept in; a backend may keep a dense plane of the same dtype where it lies. */
  readonly dtype: FloatDType;
}

/** A linear layer's weights in a backend's own layout. Only the backend that made it can use it. */
export interface LinearWeight extends Disposable {
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly dtype: FloatDType;
  /** Bytes that one pass over the weights reads. */
  readonly byteLength: number;
  dispose(): void;
}
