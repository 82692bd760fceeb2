// Storages over native memory. The addon owns the bytes; JavaScript sees them through an ArrayBuffer that is detached before
// they are freed, so that no view can reach freed memory.
import { constants } from "node:buffer";
import { type MemoryPurpose, OctavoError, type Storage } from "@octavo/core";
import { checkByteLength, mebibytes, outOfMemory } from "@octavo/core/native";
import { availableMemory } from "./machine-limits.js";
import type { NativeAddon, NativeMemory } from "./native.js";

/** Above this an allocation is compared with what the machine has: the kernel itself would grant it and kill us later. */
const CHECKED_BYTES = 64 * 2 ** 20;

const NO_BYTES = new Uint8Array(0);

/**
 * Host memory of the CPU backend. `bytes` covers at most what one ArrayBuffer of this Node can (4 GiB on Node 20);
 * `byteLength` and ops know no such limit.
 */
export class CpuStorage implements Storage {
  readonly device = "host";
  readonly byteLength: number;
  readonly #pool: MemoryPool;
  readonly #memory: NativeMemory;
  #bytes: Uint8Array;
  #references = 1;

  constructor(pool: MemoryPool, memory: NativeMemory) {
    this.#pool = pool;
    this.#memory = memory;
    this.byteLength = memory.byteLength;
    this.#bytes = new Uint8Array(memory.buffer);
  }

  /** 0 after `dispose()`. */
  get address(): number {
    return this.#bytes === NO_BYTES ? 0 : this.#memory.address;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Keeps the memory (not the view) until the result is disposed: for weights used where a file is mapped. */
  retain(): Disposable {
    this.#references++;
    let held = true;
    return {
      [Symbol.dispose]: () => {
        if (held) this.#release();
        held = false;
      },
    };
  }

  dispose(): void {
    if (this.#bytes === NO_BYTES) return;
    this.#bytes = NO_BYTES;
    this.#pool.detach(this, this.#memory);
    this.#release();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #release(): void {
    if (--this.#references === 0) this.#pool.release(this.#memory);
  }
}

/** Everything one backend gave out, counted by purpose. */
export class MemoryPool {
  readonly #native: NativeAddon;
  readonly #backend: number;
  readonly #storages = new Set<CpuStorage>();
  readonly #purposes = new Map<number, MemoryPurpose>();
  readonly #held: Record<MemoryPurpose, number> = { weights: 0, kv: 0, workspace: 0, tables: 0, graphs: 0 };
  #open = true;

  constructor(native: NativeAddon, backend: number) {
    this.#native = native;
    this.#backend = backend;
  }

  /** False once the backend is disposed and everything is freed. */
  get open(): boolean {
    return this.#open;
  }

  /** Bytes held by purpose. Mapped files are not counted: the kernel takes their pages back when it needs them. */
  get held(): Readonly<Record<MemoryPurpose, number>> {
    return { ...this.#held };
  }

  /** Whether `storage` is live memory of this pool. */
  owns(storage: Storage): storage is CpuStorage {
    return storage instanceof CpuStorage && this.#storages.has(storage);
  }

  /** Zeroed, aligned to 64 bytes. @throws OUT_OF_MEMORY */
  allocate(byteLength: number, purpose: MemoryPurpose): CpuStorage {
    checkByteLength(byteLength);
    const available = byteLength > CHECKED_BYTES ? availableMemory() : Number.POSITIVE_INFINITY;
    if (byteLength > available)
      throw outOfMemory(byteLength, purpose, `the machine has ${mebibytes(available)} left`, this.#held);
    let memory: NativeMemory;
    try {
      memory = this.#native.allocate(this.#backend, byteLength, constants.MAX_LENGTH);
    } catch (error) {
      if (!OctavoError.isInstance(error, "OUT_OF_MEMORY")) throw error;
      throw outOfMemory(byteLength, purpose, error.message, this.#held);
    }
    this.#purposes.set(memory.id, purpose);
    this.#held[purpose] += byteLength;
    return this.#track(memory);
  }

  /** @throws CHECKPOINT */
  mapFile(path: string): CpuStorage {
    return this.#track(this.#native.mapFile(this.#backend, path, constants.MAX_LENGTH));
  }

  detach(storage: CpuStorage, memory: NativeMemory): void {
    this.#storages.delete(storage);
    this.#native.detach(memory.buffer);
  }

  release(memory: NativeMemory): void {
    if (!this.#open) return;
    this.#native.release(this.#backend, memory.id);
    const purpose = this.#purposes.get(memory.id);
    if (purpose) this.#held[purpose] -= memory.byteLength;
    this.#purposes.delete(memory.id);
  }

  /** Detaches every view and frees what nothing retains; the rest goes with the backend itself. */
  dispose(): void {
    for (const storage of this.#storages) storage.dispose();
    this.#open = false;
  }

  #track(memory: NativeMemory): CpuStorage {
    const storage = new CpuStorage(this, memory);
    this.#storages.add(storage);
    return storage;
  }
}
