// Memory of plain JavaScript with a backend's accounting. Bytes come into being when they are first looked at, so that a
// huge KV cache which nobody reads costs nothing.
import { OctavoError } from "../errors.js";
import type { MemoryPurpose, Storage } from "../storage.js";

type Held = Record<MemoryPurpose, number>;

export class HostMemory {
  readonly #held: Held = { weights: 0, kv: 0, workspace: 0, tables: 0, graphs: 0 };
  readonly #storages = new Set<LazyStorage>();
  readonly #backendName: string;
  #disposed = false;

  constructor(backendName: string) {
    this.#backendName = backendName;
  }

  /** Zeroed memory. Without a purpose it is not counted, as host staging memory of a device is not. */
  allocate(byteLength: number, purpose?: MemoryPurpose): Storage {
    if (this.#disposed) {
      const message = `the ${this.#backendName} backend was asked for ${byteLength} bytes after dispose()`;
      throw new OctavoError({ code: "DISPOSED", message });
    }
    if (!Number.isSafeInteger(byteLength) || byteLength < 0) {
      throw new OctavoError({ code: "INVALID_ARGUMENT", message: `cannot allocate ${byteLength} bytes` });
    }
    const storage: LazyStorage = new LazyStorage(byteLength, this.#describe, () => {
      if (this.#storages.delete(storage) && purpose) this.#held[purpose] -= byteLength;
    });
    this.#storages.add(storage);
    if (purpose) this.#held[purpose] += byteLength;
    return storage;
  }

  /** Bytes held now, by purpose. */
  held(): Readonly<Held> {
    return { ...this.#held };
  }

  /** Frees everything that was given out. */
  dispose(): void {
    this.#disposed = true;
    for (const storage of [...this.#storages]) storage.dispose();
  }

  readonly #describe = (): string =>
    Object.entries(this.#held)
      .map(([purpose, bytes]) => `${purpose} ${bytes}`)
      .join(", ");
}

/** Whether nobody has looked at a storage's bytes yet, so that all are zero. */
export function isUntouched(storage: Storage): boolean {
  return storage instanceof LazyStorage && storage.untouched;
}

class LazyStorage implements Storage {
  readonly device = "host";
  readonly address = 0;
  readonly byteLength: number;
  readonly #describeHeld: () => string;
  readonly #onDispose: () => void;
  #bytes: Uint8Array | undefined;

  constructor(byteLength: number, describeHeld: () => string, onDispose: () => void) {
    this.byteLength = byteLength;
    this.#describeHeld = describeHeld;
    this.#onDispose = onDispose;
  }

  get untouched(): boolean {
    return this.#bytes === undefined;
  }

  get bytes(): Uint8Array {
    this.#bytes ??= this.#create();
    return this.#bytes;
  }

  dispose(): void {
    this.#bytes = new Uint8Array(0);
    this.#onDispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #create(): Uint8Array {
    try {
      return new Uint8Array(this.byteLength);
    } catch (cause) {
      const message = `cannot get ${this.byteLength} bytes of host memory; held by purpose: ${this.#describeHeld()}`;
      throw new OctavoError({ code: "OUT_OF_MEMORY", message, cause });
    }
  }
}
