// The paged KV cache's memory: for every layer of a group a key and a value tensor of blocks, or one that holds both, all in one
// allocation.
import { type Backend, byteSize, type FloatDType, OctavoError, type Storage, type Tensor, tensor } from "@octavo/core";
import { type KvCacheTensors, kvTensorsPerLayer, type LayerGroups, type ModelConfig, valuesOf } from "@octavo/models";

export class KvPool implements KvCacheTensors, Disposable {
  /** For each layer [blocks, kvHeads, blockSize, headDim]; layers of different groups share tensors, never blocks. */
  readonly keys: readonly Tensor[];
  readonly values: readonly Tensor[];
  /** Of a block. */
  readonly bytesPerPart: number;
  /** For each layer of a group its keys and, where they are not a part of them, its values. */
  readonly numParts: number;
  readonly numBlocks: number;
  readonly #storage: Storage;
  readonly #tensorBytes: number;

  constructor(
    backend: Backend,
    config: ModelConfig,
    dtype: FloatDType,
    numBlocks: number,
    blockSize: number,
    { layersPerGroup, places }: LayerGroups,
  ) {
    const shape = [numBlocks, config.numKvHeads, blockSize, config.headDim];
    const bytes = byteSize(dtype, shape);
    this.#tensorBytes = bytes;
    this.bytesPerPart = bytes / numBlocks;
    const each = kvTensorsPerLayer(config);
    this.numParts = each * layersPerGroup;
    this.numBlocks = numBlocks;
    this.#storage = allocate(backend, this.numParts * bytes);
    const at = (index: number) => tensor(dtype, shape, this.#storage, index * bytes);
    this.keys = places.map((place) => at(each * place));
    this.values = this.keys.map((keys, layer) => valuesOf(config, keys, () => at(each * places[layer]! + 1)));
  }

  get bytesPerBlock(): number {
    return this.numParts * this.bytesPerPart;
  }

  /** Part `index` of a block, as bytes. */
  part(index: number, block: number): Tensor {
    const offset = index * this.#tensorBytes + block * this.bytesPerPart;
    return tensor("uint8", [this.bytesPerPart], this.#storage, offset);
  }

  dispose(): void {
    this.#storage.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** The largest allocation, and the one whose size users choose. */
function allocate(backend: Backend, byteLength: number): Storage {
  try {
    return backend.allocate(byteLength, "kv");
  } catch (cause) {
    if (!OctavoError.isInstance(cause, "OUT_OF_MEMORY")) throw cause;
    const flags = `kv_cache_memory_bytes${backend.info.dedicated ? " or gpu_memory_utilization" : ""}`;
    const message = `${cause.message} Set ${flags} lower.`;
    throw new OctavoError({ code: "OUT_OF_MEMORY", message, param: "kv_cache_memory_bytes", cause });
  }
}
