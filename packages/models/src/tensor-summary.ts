/** A tensor of a checkpoint, as its header has it. */
export interface TensorSummary {
  /** In the checkpoint. */
  readonly name: string;
  /** As the file stores it: a dtype, or GGML's name of a block format. */
  readonly dtype: string;
  /** In elements, row-major. */
  readonly shape: readonly number[];
  /** Bytes in the file. */
  readonly byteLength: number;
  /** The file that holds it. */
  readonly path: string;
}
