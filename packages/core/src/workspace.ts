// A bump arena for a step's intermediate tensors: the same calls give the same addresses in every step, nothing is freed.
import type { Backend } from "./backend.js";
import { DTYPES, type DType } from "./dtype.js";
import { assertInternal } from "./errors.js";
import type { Storage } from "./storage.js";
import { elementCount, type Tensor, tensor } from "./tensor.js";

const ALIGNMENT = 256;

/** Scratch memory of one step. `reset()` begins a step; `mark`/`release` let layers reuse each other's space. */
export class Workspace implements Disposable {
  readonly #storage: Storage;
  #offset = 0;

  constructor(backend: Backend, byteLength: number) {
    this.#storage = backend.allocate(byteLength, "workspace");
  }

  /** Bytes of the arena. */
  get byteLength(): number {
    return this.#storage.byteLength;
  }

  /** A tensor with undefined contents. @throws INTERNAL when the arena is too small for the step. */
  alloc(dtype: DType, shape: readonly number[]): Tensor {
    const byteOffset = this.#offset;
    const end = byteOffset + workspaceBytes(dtype, shape);
    assertInternal(
      end <= this.byteLength,
      () => `workspace of ${this.byteLength} bytes cannot hold [${shape}] at ${byteOffset}`,
    );
    this.#offset = end;
    return tensor(dtype, shape, this.#storage, byteOffset);
  }

  /** Remembers the fill level, for `release`. */
  mark(): number {
    return this.#offset;
  }

  /** Gives back everything allocated since `mark`. */
  release(mark: number): void {
    this.#offset = mark;
  }

  /** Gives everything back: a step begins. */
  reset(): void {
    this.#offset = 0;
  }

  /** Frees the arena. */
  dispose(): void {
    this.#storage.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Bytes that `Workspace.alloc` takes for a tensor, alignment included. */
export function workspaceBytes(dtype: DType, shape: readonly number[]): number {
  return Math.ceil((elementCount(shape) * DTYPES[dtype].size) / ALIGNMENT) * ALIGNMENT;
}
