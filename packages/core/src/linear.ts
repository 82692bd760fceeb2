// Weights of linear layers as a checkpoint scheme hands them to a backend (canonical planes), and as a backend keeps them
// (a handle whose layout is its own business).
import { type BlockFormat, blockBytes } from "./blocks/format.js";
import type { FloatDType } from "./dtype.js";
import { checkArgument } from "./errors.js";
import { byteSize, isContiguous, type Tensor } from "./tensor.js";

/**
 * A plain weight: [outFeatures, inFeatures], row-major, any float dtype, on the host (usually mapped from the file) or in the
 * memory of the backend that it is given to (weights that a trainer sent, or dummy ones).
 */
export interface DensePlanes {
  /** Tells it from blocks. */
  readonly format: "dense";
  /** [outFeatures, inFeatures] */
  readonly weight: Tensor;
}

/** A weight in a block format, byte for byte as a GGUF file holds it. */
export interface BlockPlanes {
  /** Which of GGML's formats. */
  readonly format: BlockFormat;
  /** uint8 [outFeatures, bytes of a row], contiguous, on the host: usually mapped from the file. */
  readonly blocks: Tensor;
}

/**
 * A weight as a checkpoint holds it. Every backend takes dense planes, and of the block formats those in its
 * `info.blockFormats`; what lies in another is decoded first.
 */
export type CanonicalPlanes = DensePlanes | BlockPlanes;

/** Whether a weight is plain, not in blocks. */
export function isDense(planes: CanonicalPlanes): planes is DensePlanes {
  return planes.format === "dense";
}

/**
 * The blocks of `planes`, checked.
 * @param name the tensor's, for the error
 * @throws INVALID_ARGUMENT unless they are `outFeatures` rows of whole blocks
 */
export function checkedBlocks(planes: BlockPlanes, name: string, outFeatures: number, inFeatures: number): Tensor {
  const { format, blocks } = planes;
  const expected = [outFeatures, blockBytes(format, inFeatures)];
  checkArgument(
    blocks.dtype === "uint8" && isContiguous(blocks) && `${blocks.shape}` === `${expected}`,
    () =>
      `${name} is ${blocks.dtype} [${blocks.shape}], [${outFeatures}, ${inFeatures}] in ${format} is contiguous uint8 [${expected}]`,
    name,
  );
  return blocks;
}

/** Bytes that a weight takes when a backend keeps it as `planes` has it, dense ones in `dtype`. */
export function planesByteSize(planes: CanonicalPlanes, dtype: FloatDType): number {
  return isDense(planes) ? byteSize(dtype, planes.weight.shape) : byteSize("uint8", planes.blocks.shape);
}

/** One checkpoint weight of a (possibly merged) linear layer. */
export interface LinearPart {
  /** Its checkpoint name, for errors and weight updates. */
  readonly name: string;
  /** Rows of its weight. */
  readonly outFeatures: number;
  /** [outFeatures, inFeatures] */
  readonly planes: CanonicalPlanes;
  /** [outFeatures], any float dtype, on the host or in the backend's memory */
  readonly bias?: Tensor;
}

/** A linear layer to prepare: its parts are stacked along the output, in order (for example q, k and v). */
export interface LinearSpec {
  /** Columns of every part. */
  readonly inFeatures: number;
  /** At least one. */
  readonly parts: readonly LinearPart[];
  /**
   * What the activations are in, and dense weights are kept in; a backend may keep a dense plane of the same dtype where it lies.
   * Weights in blocks stay in their own format.
   */
  readonly dtype: FloatDType;
}

/** A linear layer's weights in a backend's own layout. Only the backend that made it can use it. */
export interface LinearWeight extends Disposable {
  /** Columns of x. */
  readonly inFeatures: number;
  /** Columns of out: those of all parts. */
  readonly outFeatures: number;
  /** Of the activations. */
  readonly dtype: FloatDType;
  /** Bytes that one pass over the weights reads. */
  readonly byteLength: number;
  /** Frees what the backend holds for it. */
  dispose(): void;
}
