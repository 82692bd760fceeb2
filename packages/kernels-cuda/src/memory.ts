// Storages over native memory, counted by purpose. The addon owns the bytes; JavaScript sees host memory through an ArrayBuffer
// that is detached before it is freed, so that no view can reach freed memory.
import { constants } from "node:buffer";
import { type DeviceKind, type MemoryPurpose, OctavoError, type Storage } from "@octavo/core";
import { checkByteLength, mebibytes, outOfMemory } from "@octavo/core/native";
import { describeGpuMemory } from "./gpu-memory.js";
import type { NativeAddon, NativeHostMemory, NativeMemory } from "./native.js";

const NO_BYTES = new Uint8Array(0);

/** GPU memory, or host memory that the GPU can copy from and to. */
export class CudaStorage implements Storage {
  readonly device: DeviceKind;
  readonly byteLength: number;
  readonly #pool: MemoryPool;
  readonly #memory: NativeMemory | NativeHostMemory;
  #bytes: Uint8Array | undefined;
  #open = true;

  constructor(pool: MemoryPool, memory: NativeMemory | NativeHostMemory) {
    this.#pool = pool;
    this.#memory = memory;
    this.byteLength = memory.byteLength;
    this.device = "buffer" in memory ? "host" : "device";
    if ("buffer" in memory) this.#bytes = new Uint8Array(memory.buffer);
  }

  /** 0 after `dispose()`. */
  get address(): number {
    return this.#open ? this.#memory.address : 0;
  }

  get bytes(): Uint8Array | undefined {
    return this.#bytes;
  }

  dispose(): void {
    if (!this.#open) return;
    this.#open = false;
    if (this.#bytes) this.#bytes = NO_BYTES;
    this.#pool.release(this, this.#memory);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Everything one backend gave out. */
export class MemoryPool {
  readonly #native: NativeAddon;
  readonly #backend: number;
  readonly #storages = new Map<CudaStorage, MemoryPurpose | null>();
  #held: Record<MemoryPurpose, number> = noBytes();
  #disposed = false;

  constructor(native: NativeAddon, backend: number) {
    this.#native = native;
    this.#backend = backend;
  }

  /**
   * Bytes of GPU memory held by purpose, as they were asked for; what the native side needs for itself is workspace. Host memory is
   * not counted.
   */
  get held(): Readonly<Record<MemoryPurpose, number>> {
    const own = this.#disposed ? 0 : this.#native.ownBytes(this.#backend);
    return { ...this.#held, workspace: this.#held.workspace + own };
  }

  /** Whether `storage` is live memory of this pool. */
  owns(storage: Storage): boolean {
    return storage instanceof CudaStorage && this.#storages.has(storage);
  }

  /** Zeroed GPU memory. @throws OUT_OF_MEMORY */
  allocate(byteLength: number, purpose: MemoryPurpose): CudaStorage {
    checkByteLength(byteLength);
    try {
      const storage = this.#track(this.#native.allocate(this.#backend, byteLength), purpose);
      this.#held[purpose] += byteLength;
      return storage;
    } catch (error) {
      if (!OctavoError.isInstance(error, "OUT_OF_MEMORY")) throw error;
      const onGpu = describeGpuMemory(this.#native, this.#backend);
      throw outOfMemory(byteLength, purpose, `${error.message}; on the GPU ${onGpu}`, this.held);
    }
  }

  /** Zeroed page-locked memory. @throws OUT_OF_MEMORY */
  allocateHost(byteLength: number): CudaStorage {
    checkByteLength(byteLength);
    try {
      return this.#track(this.#native.allocateHost(this.#backend, byteLength, constants.MAX_LENGTH), null);
    } catch (error) {
      if (!OctavoError.isInstance(error, "OUT_OF_MEMORY")) throw error;
      const message = `cannot allocate ${mebibytes(byteLength)} of page-locked host memory: ${error.message}`;
      throw new OctavoError({ code: "OUT_OF_MEMORY", message, param: "byteLength" });
    }
  }

  /** @throws CHECKPOINT */
  mapFile(path: string): CudaStorage {
    return this.#track(this.#native.mapFile(this.#backend, path, constants.MAX_LENGTH), null);
  }

  release(storage: CudaStorage, memory: NativeMemory | NativeHostMemory): void {
    const purpose = this.#storages.get(storage);
    this.#storages.delete(storage);
    if (purpose) this.#held[purpose] -= memory.byteLength;
    if ("buffer" in memory) this.#native.detach(memory.buffer);
    if (!this.#disposed) this.#native.release(this.#backend, memory.id);
  }

  /** Counts a graph's memory, which the driver gave; negative when it is gone. */
  countGraph(bytes: number): void {
    this.#held.graphs += bytes;
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /**
   * Takes the memory away from JavaScript; the backend's own end frees it. Not block by block from here: that waits for the GPU, which
   * may be waiting for a rank that is gone until the backend gives up its communicators.
   */
  dispose(): void {
    this.#disposed = true;
    for (const storage of [...this.#storages.keys()]) storage.dispose();
    this.#held = noBytes();
  }

  #track(memory: NativeMemory | NativeHostMemory, purpose: MemoryPurpose | null): CudaStorage {
    const storage = new CudaStorage(this, memory);
    this.#storages.set(storage, purpose);
    return storage;
  }
}

function noBytes(): Record<MemoryPurpose, number> {
  return { weights: 0, kv: 0, workspace: 0, tables: 0, graphs: 0 };
}
