// A model folder's weights by name, whatever files they lie in.
import { byteSize, type FileReader, readFile, type Tensor, type TensorFile, toContiguous } from "@octavo/core";
import { type CheckpointFormat, checkpointError, openCheckpointFiles } from "./checkpoint-files.js";
import type { WeightFiles } from "./model-source.js";
import { nearNames } from "./near-names.js";
import type { TensorSummary } from "./tensor-summary.js";

/** An open checkpoint. Its tensors are views into the files and live until `dispose()`. */
export class Checkpoint implements WeightFiles {
  readonly #files: readonly TensorFile[];
  readonly #homes: ReadonlyMap<string, TensorFile>;

  private constructor(files: readonly TensorFile[], homes: ReadonlyMap<string, TensorFile>) {
    this.#files = files;
    this.#homes = homes;
  }

  /**
   * Opens the folder's files; only headers are read.
   * @param read `Backend.mapFile`; by default files are read whole
   * @param format which files, where the folder has both. Default "auto": safetensors
   * @throws CHECKPOINT that names the file or tensor when something is missing, damaged or outside of the folder
   */
  static open(folder: string, read: FileReader = readFile, format: CheckpointFormat | "auto" = "auto"): Checkpoint {
    const files: TensorFile[] = [];
    try {
      return new Checkpoint(files, openCheckpointFiles(folder, read, format, files));
    } catch (error) {
      for (const file of files) file.dispose();
      throw error;
    }
  }

  /** Every tensor's name. */
  get names(): Iterable<string> {
    return this.#homes.keys();
  }

  /** Contiguous; a copy where the file has it in another order, as PyTorch's may. */
  tensor(name: string): Tensor {
    return toContiguous(this.view(name), this.origin(name));
  }

  /** What the headers say of every tensor. */
  *summaries(): Iterable<TensorSummary> {
    for (const [name, { path, tensors }] of this.#homes) {
      const { dtype, shape } = tensors.get(name)!;
      yield { name, dtype, shape, byteLength: byteSize(dtype, shape), path };
    }
  }

  /** As it lies in the file, strided where it is so. @throws CHECKPOINT that names the tensor when it is missing */
  view(name: string): Tensor {
    const found = this.#homes.get(name)?.tensors.get(name);
    if (found !== undefined) return found;
    const near = nearNames(name, this.names);
    const hint = near.length > 0 ? `it has ${near.join(", ")}` : `it has ${this.#homes.size} other tensors`;
    throw checkpointError(
      name,
      `tensor ${name} is missing from ${this.origin(name)}: ${hint}. Is config.json of this model?`,
    );
  }

  origin(name: string): string {
    return this.#homes.get(name)?.path ?? this.#files.map((file) => file.path).join(", ");
  }

  dispose(): void {
    for (const file of this.#files) file.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
