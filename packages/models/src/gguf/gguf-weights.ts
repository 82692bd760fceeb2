// An open GGUF file as a source of tensors under the checkpoint's names and in its row order.
import {
  type BlockFormat,
  byteSize,
  bytesOf,
  elementCount,
  type FileReader,
  type GgufFile,
  type GgufTensor,
  hostStorage,
  isBlockFormat,
  OctavoError,
  openGguf,
  readGgufBytes,
  reshape,
  slice,
  type Tensor,
  tensor,
} from "@octavo/core";
import type { WeightFiles } from "../model-source.js";
import { nearNames } from "../near-names.js";
import { reorderElements, reorderRows } from "../row-order.js";
import type { TensorSummary } from "../tensor-summary.js";
import type { GgufLayout } from "./gguf-layout.js";
import { ROPE_TENSORS } from "./gguf-rope.js";
import { isNorm, matters, type Placement, placementsOf, turns } from "./tensor-names.js";

/** A bound on untrusted counts of tensors in a tensor: experts, heads. */
const MAX_STACKED = 2 ** 12;

/** A tensor of the file, or rows of it. */
interface Piece {
  readonly ggufName: string;
  readonly rank: number;
  readonly source: GgufTensor;
  /** A view. */
  readonly data: Tensor;
}

export class GgufWeights implements WeightFiles {
  readonly isArranged = true;
  readonly #file: GgufFile;
  readonly #layout: GgufLayout;
  /** By checkpoint name: what follows one another in it. */
  readonly #pieces = new Map<string, Piece[]>();

  /** @throws CHECKPOINT or UNSUPPORTED that names the file */
  constructor(path: string, read: FileReader, layout: GgufLayout) {
    this.#file = openGguf(path, read);
    this.#layout = layout;
    try {
      for (const [ggufName, source] of this.#file.tensors) {
        if (ROPE_TENSORS.includes(ggufName)) continue;
        for (const placement of placementsOf(ggufName, layout.names)) this.#place(placement, ggufName, source);
      }
    } catch (error) {
      this.#file.dispose();
      throw error;
    }
  }

  get names(): Iterable<string> {
    return this.#pieces.keys();
  }

  *summaries(): Iterable<TensorSummary> {
    for (const [name, pieces] of this.#pieces) {
      for (const { data, source } of pieces) {
        const { type, blocks, path } = source;
        const shape = blocks ? [...data.shape.slice(0, -1), source.shape.at(-1) ?? 1] : data.shape;
        yield { name, dtype: blocks ? type : data.dtype, shape, byteLength: byteSize(data.dtype, data.shape), path };
      }
    }
  }

  tensor(name: string): Tensor {
    const pieces = this.#find(name);
    const [{ ggufName, data }] = pieces;
    const { headDim, turned, shiftsNorms } = this.#layout;
    const rows = pieces.reduce((sum, piece) => sum + (piece.data.shape[0] ?? 0), 0);
    const turning = isNorm(ggufName) ? elementCount(data.shape) : rows;
    const order = turned !== undefined && turns(name) && turning > 0 && turning % headDim === 0 ? turned : undefined;
    const isShifted = shiftsNorms && isNorm(ggufName);
    if (pieces.length === 1 && order === undefined && !isShifted) return data;
    const host = tensor(data.dtype, [rows, ...data.shape.slice(1)], hostStorage(this.readBytes(name)));
    if (isShifted) return this.#withoutOne(name, host);
    if (order === undefined) return host;
    return isNorm(ggufName) ? reorderElements(host, order) : reorderRows(host, order);
  }

  blockFormat(name: string): BlockFormat | undefined {
    const pieces = this.#find(name);
    const [{ source }] = pieces;
    const other = pieces.find((piece) => piece.source.type !== source.type);
    if (other !== undefined) {
      const found = `${source.type} and ${other.ggufName} in ${other.source.type}`;
      throw this.#unread(name, `is ${found}. The two are computed together: take a file that has both in one type.`);
    }
    if (!source.blocks) return undefined;
    const format = source.type.toLowerCase();
    if (isBlockFormat(format)) return format;
    throw this.#unread(
      name,
      `is ${source.type}, which Octavo does not read. Take the model in another quantization, such as Q4_K_M or Q8_0.`,
    );
  }

  /** Mapped, or read where the file is larger than what JavaScript sees of it (4 GiB on Node 20). Rows as the file has them. */
  readBytes(name: string): Uint8Array {
    const parts = this.#find(name).map(({ data, source }) => {
      const byteLength = byteSize(data.dtype, data.shape);
      const visible = data.byteOffset + byteLength <= (data.storage.bytes?.byteLength ?? 0);
      return visible ? bytesOf(data) : readGgufBytes({ path: source.path, byteOffset: data.byteOffset, byteLength });
    });
    if (parts.length === 1) return parts[0]!;
    const joined = Buffer.concat(parts);
    return new Uint8Array(joined.buffer, joined.byteOffset, joined.length);
  }

  origin(name: string): string {
    const found = this.#pieces.get(name);
    if (found === undefined) return this.#file.path;
    return `${found[0]!.source.path} (as ${found.map(({ ggufName }) => ggufName).join(" and ")})`;
  }

  dispose(): void {
    this.#file.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #place({ name, rank, share }: Placement, ggufName: string, source: GgufTensor): void {
    const { data, path } = source;
    if (name === ggufName && matters(ggufName)) {
      const message = `tensor ${ggufName} in ${path} is none that Octavo knows of this architecture: it may change what is computed`;
      throw new OctavoError({ code: "UNSUPPORTED", message, param: ggufName });
    }
    const count = data.shape[0] ?? 0;
    if (share !== undefined) {
      const { shares } = this.#layout;
      const from = shares.slice(0, share).reduce((sum, rows) => sum + rows, 0);
      const to = from + shares[share];
      if (to > count) throw this.#misshapen(ggufName, source, `at least ${to} rows`);
      this.#add(name, { ggufName, rank, source, data: slice(data, 0, from, to) });
    } else if (name.includes("#")) {
      if (data.shape.length < 2 || count > MAX_STACKED)
        throw this.#misshapen(ggufName, source, `several tensors in one, at most ${MAX_STACKED}`);
      for (let index = 0; index < count; index++) {
        const own = reshape(slice(data, 0, index, index + 1), data.shape.slice(1));
        this.#add(name.replace("#", String(index)), { ggufName, rank, source, data: own });
      }
    } else {
      this.#add(name, { ggufName, rank, source, data });
    }
  }

  #add(name: string, piece: Piece): void {
    const pieces = [...(this.#pieces.get(name) ?? []), piece].sort((a, b) => a.rank - b.rank);
    const [{ data }] = pieces as [Piece];
    const alike = pieces.every(
      (p) => `${p.data.shape.slice(1)}` === `${data.shape.slice(1)}` || p.source.type !== pieces[0]!.source.type,
    );
    if (!alike) throw this.#misshapen(piece.ggufName, piece.source, `rows as ${pieces[0]!.ggufName} has them`);
    this.#pieces.set(name, pieces);
  }

  /** Exact: the weights have few bits after their sum with 1, which the file has in float32. */
  #withoutOne(name: string, norm: Tensor): Tensor {
    if (norm.dtype !== "float32")
      throw this.#unread(name, `is ${norm.dtype}, F32 is expected of a norm. Download the file again.`);
    const values = new Float32Array(Uint8Array.from(bytesOf(norm)).buffer).map((value) => value - 1);
    return tensor("float32", norm.shape, hostStorage(new Uint8Array(values.buffer)));
  }

  #unread(name: string, what: string): OctavoError {
    const message = `tensor ${name} in ${this.origin(name)} ${what}`;
    return new OctavoError({ code: "UNSUPPORTED", message, param: name });
  }

  #misshapen(ggufName: string, { path, type, shape }: GgufTensor, expected: string): OctavoError {
    const message = `tensor ${ggufName} in ${path} is ${type} [${shape}], expected ${expected}. Download the file again.`;
    return new OctavoError({ code: "CHECKPOINT", message, param: ggufName });
  }

  #find(name: string): readonly [Piece, ...Piece[]] {
    const found = this.#pieces.get(name);
    if (found !== undefined) return found as unknown as readonly [Piece, ...Piece[]];
    const near = nearNames(name, this.names);
    const hint = near.length > 0 ? `it has ${near.join(", ")}` : `it has ${this.#file.tensors.size} other tensors`;
    const message = `tensor ${name} is missing from ${this.#file.path}: ${hint}. Download the file again.`;
    throw new OctavoError({ code: "CHECKPOINT", message, param: name });
  }
}
