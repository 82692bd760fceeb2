// Checks of op arguments: plain comparisons on the hot path; messages are built only on failure.
import { isFloatDType } from "../dtype.js";
import { OctavoError } from "../errors.js";
import { isContiguous, type Tensor } from "../tensor.js";

export function fail(op: string, found: string): never {
  throw new OctavoError({ code: "INVALID_ARGUMENT", message: `${op}: ${found}`, param: op });
}

/** The native address of a tensor's first element. @throws DISPOSED for memory that is gone or was never native */
export function address(t: Tensor): number {
  const base = t.storage.address;
  if (base === 0) {
    const message = `a ${t.dtype} tensor [${t.shape}] has no native memory: it was disposed, or not made by this backend`;
    throw new OctavoError({ code: "DISPOSED", message });
  }
  return base + t.byteOffset;
}

export function checkFloat(op: string, t: Tensor): void {
  if (!isFloatDType(t.dtype)) fail(op, `a tensor is ${t.dtype}, a float dtype was expected`);
}

export function checkSameDtype(op: string, t: Tensor, other: Tensor): void {
  if (t.dtype !== other.dtype)
    fail(op, `tensors [${t.shape}] ${t.dtype} and [${other.shape}] ${other.dtype} must share a dtype`);
}

export function checkContiguous(op: string, name: string, t: Tensor): void {
  if (!isContiguous(t)) fail(op, `${name} [${t.shape}] must be contiguous`);
}

export function checkMatrix(op: string, name: string, t: Tensor, rows: number, columns: number): void {
  if (t.shape.length !== 2 || t.shape[0] !== rows || t.shape[1] !== columns) {
    fail(op, `${name} is [${t.shape}], [${rows},${columns}] was expected`);
  }
}

export function checkVector(op: string, name: string, t: Tensor, size: number): void {
  if (t.shape.length !== 1 || t.shape[0] !== size || t.strides[0] !== 1) {
    fail(op, `${name} is [${t.shape}], contiguous [${size}] was expected`);
  }
}

/** [tokens, any heads, headDim], each token's heads contiguous. */
export function checkHeads(op: string, name: string, t: Tensor, tokens: number, headDim: number): void {
  const packed = t.strides[2] === 1 && (t.shape[1] === 1 || t.strides[1] === headDim);
  if (t.shape.length !== 3 || t.shape[0] !== tokens || t.shape[2] !== headDim || !packed) {
    fail(
      op,
      `${name} is [${t.shape}] with strides [${t.strides}], [${tokens}, heads, ${headDim}] with packed heads was expected`,
    );
  }
}

/** int32, contiguous, at least `count` elements. */
export function checkIndices(op: string, name: string, t: Tensor, count: number): void {
  let elements = 1;
  for (const size of t.shape) elements *= size;
  if (t.dtype !== "int32" || elements < count || !isContiguous(t)) {
    fail(op, `${name} is ${t.dtype} [${t.shape}], contiguous int32 of at least ${count} was expected`);
  }
}

/** out [rows, outFeatures] = x [xRows, inFeatures] times a weight: rows are contiguous, out is of x's dtype or float32. */
export function checkProduct(
  op: string,
  out: Tensor,
  rows: number,
  x: Tensor,
  xRows: number,
  { inFeatures, outFeatures }: { readonly inFeatures: number; readonly outFeatures: number },
): void {
  checkFloat(op, x);
  checkMatrix(op, "x", x, xRows, inFeatures);
  checkMatrix(op, "out", out, rows, outFeatures);
  if (out.dtype !== "float32") checkSameDtype(op, out, x);
  if (x.strides[1] !== 1 || out.strides[1] !== 1) fail(op, "the rows of x and out must be contiguous");
}
