// The tensors of one bench case. Random values, because zeros toggle no bits and let the GPU clock higher than real data does.
import {
  type Batch,
  byteSize,
  DTYPES,
  type DType,
  type ExpertWeights,
  elementCount,
  type FloatDType,
  hostStorage,
  type LinearWeight,
  type Storage,
  slice,
  type Tensor,
  tensor,
} from "@octavo/core";
import {
  type BatchRow,
  CaseBench,
  numberToBfloat16,
  numberToFloat16,
  preparedBatch,
  type RowSampling,
  randomRows,
  seededRandom,
} from "@octavo/core/testing";
import type { CudaBackend } from "../cuda-backend.js";
import { BLOCK_SIZE } from "./shapes.js";

/** Elements of the random values that every tensor repeats. */
const NOISE_ELEMENTS = 2 ** 21;
const ALIGNMENT = 256;

/** Normal values in `dtype`, the same in every run. */
export function noise(dtype: FloatDType, seed = 1): Tensor {
  const random = seededRandom(seed);
  const bytes = new Uint8Array(NOISE_ELEMENTS * DTYPES[dtype].size);
  if (dtype === "float32") {
    const floats = new Float32Array(bytes.buffer);
    for (let i = 0; i < NOISE_ELEMENTS; i++) floats[i] = random.normal();
  } else {
    const encode = dtype === "float16" ? numberToFloat16 : numberToBfloat16;
    const halves = new Uint16Array(bytes.buffer);
    for (let i = 0; i < NOISE_ELEMENTS; i++) halves[i] = encode(random.normal());
  }
  return tensor(dtype, [NOISE_ELEMENTS], hostStorage(bytes));
}

/** Makes tensors on a GPU; everything but the noise goes with `clear`. */
export class BenchMemory implements Disposable {
  readonly backend: CudaBackend;
  readonly #noise = new Map<FloatDType, { host: Tensor; device: Tensor }>();
  readonly #held: Disposable[] = [];
  #weights: { key: string; layers: LinearWeight[] } = { key: "", layers: [] };

  constructor(backend: CudaBackend) {
    this.backend = backend;
  }

  /** `sets` tensors of random values, one behind the other. */
  random(dtype: FloatDType, shape: readonly number[], sets: number): Tensor[] {
    const stride = Math.ceil(byteSize(dtype, shape) / ALIGNMENT) * ALIGNMENT;
    const storage = this.#hold(this.backend.allocate(stride * sets, "workspace"));
    this.#fill(storage, dtype);
    return Array.from({ length: sets }, (_, i) => tensor(dtype, shape, storage, i * stride));
  }

  /** Random integers in [0, below); another `seed`, others. */
  indices(count: number, below: number, seed: number): Tensor {
    const random = seededRandom(seed);
    const words = Int32Array.from({ length: count }, () => random.integer(below));
    return this.#upload("int32", [count], words);
  }

  /** A table of the caller's values. */
  float32(shape: readonly number[], values: Float32Array): Tensor {
    return this.#upload("float32", shape, values);
  }

  /** At least `sets` layers with random weights. Those of the last shape stay for the next case, which often has it too. */
  linears(inFeatures: number, outFeatures: number, dtype: FloatDType, sets: number): readonly LinearWeight[] {
    const key = `${inFeatures} ${outFeatures} ${dtype}`;
    if (this.#weights.key !== key) {
      this.#dropWeights();
      this.#weights = { key, layers: [] };
    }
    const { layers } = this.#weights;
    const { host } = this.#noiseOf(dtype);
    const rows = Math.floor(NOISE_ELEMENTS / inFeatures);
    const parts = Array.from({ length: Math.ceil(outFeatures / rows) }, (_, i) => {
      const count = Math.min(rows, outFeatures - i * rows);
      const weight = tensor(dtype, [count, inFeatures], host.storage);
      return { name: `rows from ${i * rows}`, outFeatures: count, planes: { format: "dense" as const, weight } };
    });
    try {
      while (layers.length < sets) layers.push(this.backend.prepareLinear({ inFeatures, dtype, parts }));
    } catch (error) {
      this.#dropWeights();
      throw error;
    }
    return layers;
  }

  /** `sets` stacks of `count` experts with random weights. */
  experts(inFeatures: number, outFeatures: number, dtype: FloatDType, count: number, sets: number): ExpertWeights[] {
    const layers = this.linears(inFeatures, outFeatures, dtype, count * sets);
    return Array.from({ length: sets }, (_, i) =>
      this.#hold(this.backend.prepareExperts(layers.slice(i * count, (i + 1) * count))),
    );
  }

  /**
   * A prepared batch: each request has `queryLen` new tokens on top of `contextLen`, in blocks in random order.
   * @param adjusted what each row has beside, and the vocabulary that it is about
   * @returns the batch, and how many blocks a cache for it has
   */
  batch(
    lengths: readonly (readonly [contextLen: number, queryLen: number])[],
    sampling?: RowSampling,
    adjusted?: { vocabSize: number; row: Pick<BatchRow, "adjustment" | "records"> },
  ): { batch: Batch; numBlocks: number } {
    const bench = this.#hold(new CaseBench(this.backend, 1));
    const counts = lengths.map(([context, query]) => Math.ceil((context + query) / BLOCK_SIZE));
    const numBlocks = 1 + counts.reduce((sum, count) => sum + count, 0);
    const sizes = { blockSize: BLOCK_SIZE, numBlocks, maxRows: lengths.length };
    let rows: BatchRow[] = randomRows(bench.random, lengths, sizes);
    if (sampling) rows = rows.map((row, i) => ({ ...row, ...adjusted?.row, sampling: { ...sampling, seedLow: i } }));
    const maxTokens = lengths.reduce((sum, [, query]) => sum + query, 0);
    const spec = {
      rows,
      maxRows: lengths.length,
      maxTokens,
      blockSize: BLOCK_SIZE,
      maxBlocksPerRow: Math.max(...counts),
      vocabSize: adjusted?.vocabSize ?? 0,
    };
    return { batch: preparedBatch(bench, spec).batch, numBlocks };
  }

  /** Output or index memory whose contents do not matter. */
  scratch(dtype: DType, shape: readonly number[]): Tensor {
    return tensor(dtype, shape, this.#hold(this.backend.allocate(byteSize(dtype, shape), "workspace")));
  }

  /** The noise on the host, for who wants to know what was uploaded. */
  hostNoise(dtype: FloatDType): Tensor {
    return this.#noiseOf(dtype).host;
  }

  /** Frees what was made for a case, the weights of the last shape excepted. */
  clear(): void {
    for (const held of this.#held.splice(0)) held[Symbol.dispose]();
  }

  /** Frees everything. */
  dispose(): void {
    this.clear();
    this.#dropWeights();
    for (const { device } of this.#noise.values()) device.storage.dispose();
    this.#noise.clear();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #noiseOf(dtype: FloatDType): { host: Tensor; device: Tensor } {
    let made = this.#noise.get(dtype);
    if (!made) {
      const host = noise(dtype);
      made = { host, device: this.backend.upload(host, dtype) };
      this.#noise.set(dtype, made);
    }
    return made;
  }

  #upload(dtype: DType, shape: readonly number[], values: Int32Array | Float32Array): Tensor {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const uploaded = this.backend.upload(tensor(dtype, shape, hostStorage(bytes)), dtype);
    this.#hold(uploaded.storage);
    return uploaded;
  }

  /** Repeats the noise: each copy doubles what is filled. */
  #fill(storage: Storage, dtype: FloatDType): void {
    const { device } = this.#noiseOf(dtype);
    const all = tensor("uint8", [storage.byteLength], storage);
    const period = Math.min(storage.byteLength, byteSize(dtype, [elementCount(device.shape)]));
    this.backend.copy(all, device, period);
    for (let filled = period; filled < storage.byteLength; filled *= 2) {
      const length = Math.min(filled, storage.byteLength - filled);
      this.backend.copy(slice(all, 0, filled, filled + length), all, length);
    }
  }

  #dropWeights(): void {
    for (const layer of this.#weights.layers) layer.dispose();
    this.#weights = { key: "", layers: [] };
  }

  #hold<T extends Disposable>(held: T): T {
    this.#held.push(held);
    return held;
  }
}
