// Where a scheme reads tensors from.
import type { Tensor } from "@octavo/core";

/** Tensors by checkpoint name: an open checkpoint, or weights that a trainer sends. */
export interface TensorSource {
  /** @throws CHECKPOINT that names the tensor when it is missing */
  tensor(name: string): Tensor;
  /** Where a tensor comes from, for error messages: a file's path. */
  origin(name: string): string;
}
