// Memory that tensors point into.

/** Where a storage lives. Host memory can be read from TypeScript, device memory only by ops. */
export type DeviceKind = "host" | "device";

/** What memory is used for: the unit of a backend's accounting. */
export type MemoryPurpose = "weights" | "kv" | "workspace" | "tables" | "graphs";

/**
 * A block of memory. A tensor keeps its storage alive; `dispose()` frees it at once, and every use after that is an error.
 */
export interface Storage extends Disposable {
  /** Whose memory it is. */
  readonly device: DeviceKind;
  /** Bytes of the block. */
  readonly byteLength: number;
  /** The first byte's address, below 2^53. 0 for a storage without native memory (null and reference backends). */
  readonly address: number;
  /**
   * The bytes themselves; only on host storages. Empty after `dispose()`. Only the first of them where one ArrayBuffer
   * cannot hold all (4 GiB on Node 20).
   */
  readonly bytes?: Uint8Array;
  /** Frees the memory. A second call does nothing. */
  dispose(): void;
}

/** Bytes of all purposes together. @param held as `Backend.memory()` gives it */
export function heldBytes(held: Readonly<Record<MemoryPurpose, number>>): number {
  return Object.values(held).reduce((sum, bytes) => sum + bytes, 0);
}

/** A host storage over bytes that JavaScript owns. It has no native address. */
export function hostStorage(bytes: Uint8Array): Storage {
  let held: Uint8Array = bytes;
  return {
    device: "host",
    byteLength: bytes.byteLength,
    address: 0,
    get bytes() {
      return held;
    },
    dispose() {
      held = new Uint8Array(0);
    },
    [Symbol.dispose]() {
      this.dispose();
    },
  };
}
