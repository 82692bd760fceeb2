// Reads and writes a host tensor's elements as numbers, whatever its dtype. DataView serves every byte offset: checkpoints
// promise no alignment.
import { DTYPES } from "../dtype.js";
import { assertInternal, OctavoError } from "../errors.js";
import type { Tensor } from "../tensor.js";
import { bfloat16ToNumber, float16ToNumber, numberToBfloat16, numberToFloat16 } from "./float-conversion.js";

/**
 * Reads `count` neighbouring elements into `out`.
 * @param start element offset from the tensor's first element
 */
export function load(out: Float64Array, t: Tensor, start: number, count: number = out.length): void {
  const view = viewOf(t, start, count);
  switch (t.dtype) {
    case "float32":
      for (let i = 0; i < count; i++) out[i] = view.getFloat32(4 * i, true);
      break;
    case "float16":
      for (let i = 0; i < count; i++) out[i] = float16ToNumber(view.getUint16(2 * i, true));
      break;
    case "bfloat16":
      for (let i = 0; i < count; i++) out[i] = bfloat16ToNumber(view.getUint16(2 * i, true));
      break;
    case "float64":
      for (let i = 0; i < count; i++) out[i] = view.getFloat64(8 * i, true);
      break;
    case "int32":
      for (let i = 0; i < count; i++) out[i] = view.getInt32(4 * i, true);
      break;
    default:
      throw unreadable(t);
  }
}

/** Writes `count` numbers to neighbouring elements, rounded to the tensor's dtype. */
export function store(t: Tensor, start: number, values: Float64Array, count: number = values.length): void {
  const view = viewOf(t, start, count);
  switch (t.dtype) {
    case "float32":
      for (let i = 0; i < count; i++) view.setFloat32(4 * i, values[i]!, true);
      break;
    case "float16":
      for (let i = 0; i < count; i++) view.setUint16(2 * i, numberToFloat16(values[i]!), true);
      break;
    case "bfloat16":
      for (let i = 0; i < count; i++) view.setUint16(2 * i, numberToBfloat16(values[i]!), true);
      break;
    case "int32":
      for (let i = 0; i < count; i++) view.setInt32(4 * i, values[i]!, true);
      break;
    default:
      throw unreadable(t);
  }
}

/** Copies `count` elements bit for bit between tensors of one dtype. */
export function copyElements(to: Tensor, toStart: number, from: Tensor, fromStart: number, count: number): void {
  assertInternal(to.dtype === from.dtype, `cannot copy ${from.dtype} bits into ${to.dtype}`);
  byteRange(to, toStart, count).set(byteRange(from, fromStart, count));
}

/** Sets `count` elements to zero. */
export function clearElements(t: Tensor, start: number, count: number): void {
  byteRange(t, start, count).fill(0);
}

/** The elements of a contiguous int32 tensor, as a view; it must be aligned. */
export function intsOf(t: Tensor): Int32Array {
  assertInternal(t.dtype === "int32", `an int32 tensor was expected, got ${t.dtype} [${t.shape}]`);
  const count = t.shape.reduce((a, b) => a * b, 1);
  const range = byteRange(t, 0, count);
  return new Int32Array(range.buffer, range.byteOffset, count);
}

function viewOf(t: Tensor, start: number, count: number): DataView {
  const range = byteRange(t, start, count);
  return new DataView(range.buffer, range.byteOffset, range.byteLength);
}

function byteRange(t: Tensor, start: number, count: number): Uint8Array {
  const { bytes } = t.storage;
  assertInternal(bytes, `a ${t.storage.device} tensor [${t.shape}] has no bytes on the host`);
  const { size } = DTYPES[t.dtype];
  const begin = t.byteOffset + start * size;
  const end = begin + count * size;
  if (bytes.byteLength === 0 && t.storage.byteLength > 0) {
    throw new OctavoError({ code: "DISPOSED", message: `tensor [${t.shape}] was used after its storage was disposed` });
  }
  assertInternal(
    begin >= 0 && end <= bytes.byteLength,
    `bytes [${begin}, ${end}) of tensor [${t.shape}] are outside of ${bytes.byteLength}`,
  );
  return bytes.subarray(begin, end);
}

function unreadable(t: Tensor): OctavoError {
  return new OctavoError({ code: "UNSUPPORTED", message: `the reference backend does not compute in ${t.dtype}` });
}
