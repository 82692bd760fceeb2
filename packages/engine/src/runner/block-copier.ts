// Runs the KV cache's copy commands: whole blocks on the device, and between it and host memory, in order with the steps.
import { type Backend, OctavoError, type Storage, type Tensor, tensor } from "@octavo/core";
import { type BlockCopies, COPY_WORDS, KvTier } from "@octavo/kv-cache";
import { mibUp } from "../kv-budget.js";
import { BlockFile } from "./block-file.js";
import { FiledBlocks } from "./filed-blocks.js";
import type { KvPool } from "./kv-pool.js";

/** The file's tier. */
export interface BlockFileSpec {
  readonly path: string;
  readonly numBlocks: number;
  /** int32 [1]: raised and notified when a block has come or gone. */
  readonly wakeBuffer: SharedArrayBuffer;
}

/** JavaScript must see all bytes of a storage, and one ArrayBuffer holds 4 GiB at most. */
const MAX_SLAB_BYTES = 2 ** 30;

/** The keys and values whose blocks are copied. */
export interface CopiedPools {
  readonly target: KvPool;
  /**
   * A draft model's, in blocks of the same numbers. They follow copies on the device, where a request goes on in another block; to
   * the host and back they do not: what comes from there is of a request that the draft model has not seen.
   */
  readonly draft?: KvPool | undefined;
}

/**
 * The host tier's memory, and the way there. A block's keys and values of all layers lie side by side in a host block; on the device
 * each layer has tensors of its own, so that a block is copied in so many parts.
 */
export class BlockCopier implements Disposable {
  readonly #backend: Backend;
  readonly #pool: KvPool;
  readonly #draftPool: KvPool | undefined;
  readonly #blocksPerSlab: number;
  readonly #slabs: Storage[] = [];
  readonly #filed: FiledBlocks | undefined;
  /** Blocks that were copied between two tiers so far. */
  #offloaded = 0;
  #loaded = 0;

  /**
   * @param numHostBlocks blocks of the host tier, numbered from 1
   * @throws OUT_OF_MEMORY when the host has not so much memory for them; INVALID_ARGUMENT when the file cannot be made
   */
  constructor(backend: Backend, { target: pool, draft }: CopiedPools, numHostBlocks: number, file?: BlockFileSpec) {
    this.#backend = backend;
    this.#pool = pool;
    this.#draftPool = draft;
    this.#blocksPerSlab = Math.max(1, Math.floor(MAX_SLAB_BYTES / pool.bytesPerBlock));
    try {
      for (let left = numHostBlocks; left > 0; left -= this.#blocksPerSlab) {
        this.#slabs.push(backend.allocateHost(Math.min(left, this.#blocksPerSlab) * pool.bytesPerBlock));
      }
    } catch (cause) {
      this.dispose();
      if (!OctavoError.isInstance(cause, "OUT_OF_MEMORY")) throw cause;
      const message = `no ${mibUp(numHostBlocks * pool.bytesPerBlock)} of host memory for the KV cache: ${cause.message}; set kv_offloading_size lower`;
      throw new OctavoError({ code: "OUT_OF_MEMORY", message, param: "kv_offloading_size", cause });
    }
    if (!file) return;
    const { path, numBlocks, wakeBuffer } = file;
    this.#filed = new FiledBlocks(backend, new BlockFile(path, numBlocks, pool.bytesPerBlock, wakeBuffer));
  }

  /** Bytes copied from the device to the host so far. */
  get offloadedBytes(): number {
    return this.#offloaded * this.#pool.bytesPerBlock;
  }

  /** Bytes copied back so far. */
  get loadedBytes(): number {
    return this.#loaded * this.#pool.bytesPerBlock;
  }

  /** Whether blocks are on their way to the file or from it. */
  get busy(): boolean {
    return this.#filed !== undefined && this.#filed.size > 0;
  }

  /**
   * Moves on the blocks that are on their way to the file or from it.
   * @param collected steps that are done
   * @param settle called for each that has come or gone
   */
  poll(collected: number, settle: (block: number, ok: boolean) => void): void {
    if (this.busy) this.#filed!.poll(collected, settle);
  }

  /**
   * Enqueues all commands and clears the list. To be called after every step's planning, before its launch.
   * @param launched steps so far
   */
  run(copies: BlockCopies, launched: number): void {
    const { words, count } = copies;
    for (let at = 0; at < COPY_WORDS * count; at += COPY_WORDS) {
      const fromTier = words[at]!;
      const toTier = words[at + 2]!;
      if (toTier === KvTier.file) this.#filed!.add(true, words[at + 3]!, this.#hostBytes(words[at + 1]!), launched);
      else if (fromTier === KvTier.file)
        this.#filed!.add(false, words[at + 1]!, this.#hostBytes(words[at + 3]!), launched);
      if (fromTier === KvTier.file || toTier === KvTier.file) continue;
      if (fromTier === toTier) {
        this.#copyOnDevice(this.#pool, words[at + 1]!, words[at + 3]!);
        if (this.#draftPool) this.#copyOnDevice(this.#draftPool, words[at + 1]!, words[at + 3]!);
      } else {
        this.#move(fromTier, words[at + 1]!, toTier, words[at + 3]!);
        if (toTier === KvTier.device) this.#loaded++;
        else this.#offloaded++;
      }
    }
    copies.clear();
  }

  #copyOnDevice(pool: KvPool, from: number, to: number): void {
    for (let part = 0; part < pool.numParts; part++) {
      this.#backend.copy(pool.part(part, to), pool.part(part, from), pool.bytesPerPart);
    }
  }

  /** Between device and host. */
  #move(fromTier: number, from: number, toTier: number, to: number): void {
    const { numParts, bytesPerPart } = this.#pool;
    for (let part = 0; part < numParts; part++) {
      this.#backend.copy(this.#part(toTier, to, part), this.#part(fromTier, from, part), bytesPerPart);
    }
  }

  #hostBytes(block: number): Uint8Array {
    const { bytesPerBlock } = this.#pool;
    const start = ((block - 1) % this.#blocksPerSlab) * bytesPerBlock;
    const { bytes } = this.#slabs[Math.floor((block - 1) / this.#blocksPerSlab)]!;
    return bytes!.subarray(start, start + bytesPerBlock);
  }

  #part(tier: number, block: number, part: number): Tensor {
    if (tier === KvTier.device) return this.#pool.part(part, block);
    const index = block - 1;
    const { bytesPerBlock, bytesPerPart } = this.#pool;
    const offset = (index % this.#blocksPerSlab) * bytesPerBlock + part * bytesPerPart;
    return tensor("uint8", [bytesPerPart], this.#slabs[Math.floor(index / this.#blocksPerSlab)]!, offset);
  }

  dispose(): void {
    this.#filed?.dispose();
    for (const slab of this.#slabs) slab.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
