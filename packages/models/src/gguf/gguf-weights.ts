// An open GGUF file as a source of tensors under the checkpoint's names and in its row order.
import {
  type BlockFormat,
  byteSize,
  bytesOf,
  type FileReader,
  type GgufFile,
  type GgufTensor,
  hostStorage,
  isBlockFormat,
  OctavoError,
  openGguf,
  readGgufBytes,
  type Tensor,
  tensor,
} from "@octavo/core";
import type { WeightFiles } from "../model-source.js";
import { nearNames } from "../near-names.js";
import type { TensorSummary } from "../tensor-summary.js";
import { checkpointName, permutedHeads } from "./tensor-names.js";
import { unpermuteRows } from "./unpermute-rows.js";

/** Consumed by the config: frequencies, not weights. */
export const ROPE_FREQUENCIES = "rope_freqs.weight";

export class GgufWeights implements WeightFiles {
  readonly isArranged = true;
  readonly #file: GgufFile;
  readonly #headDim: number;
  /** By checkpoint name. */
  readonly #tensors: ReadonlyMap<string, { readonly ggufName: string; readonly tensor: GgufTensor }>;

  /** @throws CHECKPOINT or UNSUPPORTED that names the file */
  constructor(path: string, read: FileReader, headDim: number) {
    this.#file = openGguf(path, read);
    this.#headDim = headDim;
    const entries = [...this.#file.tensors].filter(([name]) => name !== ROPE_FREQUENCIES);
    this.#tensors = new Map(
      entries.map(([ggufName, found]) => [checkpointName(ggufName), { ggufName, tensor: found }]),
    );
  }

  get names(): Iterable<string> {
    return this.#tensors.keys();
  }

  *summaries(): Iterable<TensorSummary> {
    for (const [name, { tensor }] of this.#tensors) {
      const { type, shape, data, blocks, path } = tensor;
      const dtype = blocks ? type : data.dtype;
      yield { name, dtype, shape, byteLength: byteSize(data.dtype, data.shape), path };
    }
  }

  tensor(name: string): Tensor {
    const { data } = this.#find(name);
    const rows = data.shape[0] ?? 0;
    if (permutedHeads(name) === undefined || rows === 0 || rows % this.#headDim !== 0) return data;
    const ordered = unpermuteRows(this.readBytes(name), rows, this.#headDim);
    return tensor(data.dtype, data.shape, hostStorage(ordered));
  }

  blockFormat(name: string): BlockFormat | undefined {
    const { type, blocks } = this.#find(name);
    if (!blocks) return undefined;
    const format = type.toLowerCase();
    if (isBlockFormat(format)) return format;
    throw new OctavoError({
      code: "UNSUPPORTED",
      message: `tensor ${name} in ${this.origin(name)} is ${type}, which Octavo does not read. Take the model in another quantization, such as Q4_K_M or Q8_0.`,
      param: name,
    });
  }

  /** Mapped, or read where the file is larger than what JavaScript sees of it (4 GiB on Node 20). Rows as the file has them. */
  readBytes(name: string): Uint8Array {
    const { data, path } = this.#find(name);
    const byteLength = byteSize(data.dtype, data.shape);
    const visible = data.byteOffset + byteLength <= (data.storage.bytes?.byteLength ?? 0);
    return visible ? bytesOf(data) : readGgufBytes({ path, byteOffset: data.byteOffset, byteLength });
  }

  origin(name: string): string {
    const found = this.#tensors.get(name);
    return found === undefined ? this.#file.path : `${found.tensor.path} (as ${found.ggufName})`;
  }

  dispose(): void {
    this.#file.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #find(name: string): GgufTensor {
    const found = this.#tensors.get(name);
    if (found !== undefined) return found.tensor;
    const near = nearNames(name, this.names);
    const hint = near.length > 0 ? `it has ${near.join(", ")}` : `it has ${this.#tensors.size} other tensors`;
    const message = `tensor ${name} is missing from ${this.#file.path}: ${hint}. Download the file again.`;
    throw new OctavoError({ code: "CHECKPOINT", message, param: name });
  }
}
