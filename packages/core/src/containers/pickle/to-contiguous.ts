// Strided tensors of a file, put into row-major order.
import { DTYPES } from "../../dtype.js";
import { hostStorage } from "../../storage.js";
import { byteSize, elementCount, isContiguous, type Tensor, tensor } from "../../tensor.js";
import { rangeOfStorage } from "../file-range.js";

/** `t` itself where it is contiguous, else a copy of its elements in order. @param path the file that it lies in, for parts beyond 4 GiB */
export function toContiguous(t: Tensor, path: string): Tensor {
  const { dtype, shape, strides } = t;
  if (isContiguous(t) || elementCount(shape) === 0) return tensor(dtype, shape, t.storage, t.byteOffset);
  const { size } = DTYPES[dtype];
  const span = shape.reduce((sum, length, i) => sum + (length - 1) * strides[i]!, 1);
  const source = rangeOfStorage(path, t.storage).read(t.byteOffset, span * size);
  const copied = new Uint8Array(byteSize(dtype, shape));
  const aligned = source.byteOffset % size === 0 ? source : Uint8Array.from(source);
  if (size < 8) copy(elements(aligned, size), elements(copied, size), shape, strides);
  // Eight bytes as two times four: as floats, bits of integers that look like NaN might not survive.
  else copy(elements(aligned, 4), elements(copied, 4), [...shape, 2], [...strides.map((stride) => 2 * stride), 1]);
  return tensor(dtype, shape, hostStorage(copied));
}

type Elements = Uint8Array | Uint16Array | Uint32Array;

function elements({ buffer, byteOffset, byteLength }: Uint8Array, size: number): Elements {
  const Type = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array }[size as 1 | 2 | 4];
  return new Type(buffer as ArrayBuffer, byteOffset, byteLength / size);
}

function copy(from: Elements, to: Elements, shape: readonly number[], strides: readonly number[]): void {
  const inner = shape.at(-1)!;
  const step = strides.at(-1)!;
  const outer = shape.length - 1;
  const index = new Array<number>(outer).fill(0);
  let start = 0;
  for (let at = 0; at < to.length; at += inner) {
    for (let i = 0; i < inner; i++) to[at + i] = from[start + i * step]!;
    for (let dim = outer - 1; dim >= 0; dim--) {
      start += strides[dim]!;
      index[dim]!++;
      if (index[dim]! < shape[dim]!) break;
      start -= strides[dim]! * shape[dim]!;
      index[dim] = 0;
    }
  }
}
