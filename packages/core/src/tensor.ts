// The tensor type that every package shares: a frozen record without math. Views are pure functions.
import { DTYPES, type DType } from "./dtype.js";
import { assertInternal, checkArgument } from "./errors.js";
import type { Storage } from "./storage.js";

/** A strided window into a {@link Storage}. `strides` count elements, `byteOffset` bytes. */
export interface Tensor {
  /** Of every element. */
  readonly dtype: DType;
  /** Sizes, the slowest dimension first. */
  readonly shape: readonly number[];
  /** Elements from one index to the next, for each dimension. */
  readonly strides: readonly number[];
  /** The memory it lies in, which it keeps alive. */
  readonly storage: Storage;
  /** Of the first element, from the storage's start. */
  readonly byteOffset: number;
}

/** The number of elements of `shape`. */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const size of shape) count *= size;
  return count;
}

/** Bytes that a contiguous tensor needs. */
export function byteSize(dtype: DType, shape: readonly number[]): number {
  return elementCount(shape) * DTYPES[dtype].size;
}

/** A contiguous tensor over `storage`. @throws INVALID_ARGUMENT when it does not fit. */
export function tensor(dtype: DType, shape: readonly number[], storage: Storage, byteOffset = 0): Tensor {
  const needed = byteOffset + byteSize(dtype, shape);
  checkArgument(
    byteOffset >= 0 && needed <= storage.byteLength,
    () =>
      `a ${dtype} tensor [${shape}] at byte ${byteOffset} needs ${needed} bytes, its storage has ${storage.byteLength}`,
  );
  return Object.freeze({ dtype, shape, strides: contiguousStrides(shape), storage, byteOffset });
}

/** Row-major strides, in elements. */
export function contiguousStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i]!;
  }
  return strides;
}

/** Whether the elements lie side by side in row-major order. */
export function isContiguous(t: Tensor): boolean {
  let stride = 1;
  for (let i = t.shape.length - 1; i >= 0; i--) {
    if (t.shape[i] !== 1 && t.strides[i] !== stride) return false;
    stride *= t.shape[i]!;
  }
  return true;
}

/** Elements `[start, end)` of dimension `dim`, as a view. */
export function slice(t: Tensor, dim: number, start: number, end: number): Tensor {
  checkArgument(
    dim < t.shape.length && start >= 0 && start <= end && end <= t.shape[dim]!,
    () => `slice [${start}, ${end}) of dimension ${dim} is outside of [${t.shape}]`,
  );
  const shape = t.shape.slice();
  shape[dim] = end - start;
  const byteOffset = t.byteOffset + start * t.strides[dim]! * DTYPES[t.dtype].size;
  return Object.freeze({ dtype: t.dtype, shape, strides: t.strides, storage: t.storage, byteOffset });
}

/** The same elements under another shape, as a view. Splitting the last dimension works on strided tensors too. */
export function reshape(t: Tensor, shape: readonly number[]): Tensor {
  checkArgument(elementCount(shape) === elementCount(t.shape), () => `cannot view [${t.shape}] as [${shape}]`);
  const splitsLast = t.shape.length >= 1 && t.strides.at(-1) === 1 && sameRows(t.shape, shape);
  checkArgument(isContiguous(t) || splitsLast, () => `cannot view strided [${t.shape}] as [${shape}]`);
  const strides = contiguousStrides(shape);
  if (!isContiguous(t)) for (let i = 0; i < t.shape.length - 1; i++) strides[i] = t.strides[i]!;
  return Object.freeze({ dtype: t.dtype, shape, strides, storage: t.storage, byteOffset: t.byteOffset });
}

function sameRows(from: readonly number[], to: readonly number[]): boolean {
  for (let i = 0; i < from.length - 1; i++) if (from[i] !== to[i]) return false;
  return true;
}

/** The address of the first element, for a native call. */
export function addressOf(t: Tensor): number {
  return t.storage.address + t.byteOffset;
}

/** The bytes of a contiguous host tensor, as a view. @throws INTERNAL when JavaScript cannot see them all */
export function bytesOf(t: Tensor): Uint8Array {
  const { bytes } = t.storage;
  assertInternal(bytes, `a ${t.storage.device} tensor has no bytes on the host`);
  checkArgument(isContiguous(t), `tensor [${t.shape}] is not contiguous`);
  const end = t.byteOffset + byteSize(t.dtype, t.shape);
  assertInternal(
    end <= bytes.byteLength,
    `tensor [${t.shape}] ends at byte ${end}, JavaScript sees ${bytes.byteLength}`,
  );
  return bytes.subarray(t.byteOffset, end);
}
