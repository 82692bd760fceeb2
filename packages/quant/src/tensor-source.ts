// Where a scheme reads tensors from.
import type { BlockFormat, Tensor } from "@octavo/core";

/** Tensors by checkpoint name, on the host or the device: an open checkpoint, dummy weights, or weights that a trainer sends. */
export interface TensorSource {
  /** @throws CHECKPOINT that names the tensor when it is missing */
  tensor(name: string): Tensor;
  /**
   * Says that what one call of `tensor` gave is placed and not read any more. A source that made it for that may free it. Without
   * this call, and where a source has no such method, a tensor lives as long as its source.
   */
  release?(name: string): void;
  /**
   * The block format of a tensor, which `tensor` then gives as uint8 [...rows, bytes of a row]; undefined for a plain one. A source
   * without this method has only plain tensors.
   */
  blockFormat?(name: string): BlockFormat | undefined;
  /** The bytes of a tensor whose storage is larger than what JavaScript sees of it; asked for no other. */
  readBytes?(name: string): Uint8Array;
  /**
   * Set where weights are [outFeatures, inFeatures] in the row order that models want, whatever the architecture's checkpoints have:
   * GGUF files, and dummy weights. Default false.
   */
  readonly isArranged?: boolean;
  /** The same of layers that are slices of a tensor: dummy weights, whose order has no meaning. Default false. */
  readonly hasArrangedSlices?: boolean;
  /** Where a tensor comes from, for error messages: a file's path. */
  origin(name: string): string;
}
