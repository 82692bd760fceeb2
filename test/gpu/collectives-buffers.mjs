// Tensors for collectives.mjs: inputs from a formula, poisoned outputs between guards, comparison with a formula. All values are
// small whole numbers, which every dtype holds exactly, sums over eight ranks included.
import { tensor } from "@octavo/core";
import { numberToBfloat16, numberToFloat16 } from "@octavo/core/testing";

/** Looks small whole numbers up: a million of them are encoded for every check. */
function cached(encode) {
  const codes = Array.from({ length: 512 }, (_, i) => encode(i - 256));
  return (value) => codes[value + 256] ?? encode(value);
}

const same = (value) => value;

/** How each dtype lies in memory: the view's class, and the element that stands for a whole number. */
export const DTYPES = {
  float32: { View: Float32Array, encode: same },
  float16: { View: Uint16Array, encode: cached(numberToFloat16) },
  bfloat16: { View: Uint16Array, encode: cached(numberToBfloat16) },
  int32: { View: Int32Array, encode: same },
  uint8: { View: Uint8Array, encode: same },
  int8: { View: Int8Array, encode: same },
  int64: { View: BigInt64Array, encode: cached(BigInt) },
};

/** Repeats irregularly, so that elements in wrong places show. */
const phase = (i) => (i * 7 + (i >> 5)) % 16;

/** The value that rank r has at i: [-8, 8), or [0, 16) where there are no negative numbers. */
export function valuesOf(dtype) {
  const lowest = dtype === "uint8" ? 0 : -8;
  return (r, i) => ((phase(i) + r * 3) % 16) + lowest;
}

/** What `combine` makes of all ranks' values at i. */
export function reducedValuesOf(dtype, worldSize, combine) {
  const value = valuesOf(dtype);
  const ranks = Array.from({ length: worldSize }, (_, r) => r);
  const byPhase = new Map();
  for (let i = 0; i < 16; i++) byPhase.set(phase(i), ranks.map((r) => value(r, i)).reduce(combine));
  return (i) => byPhase.get(phase(i));
}

/** The first element of `view` that is not `expected(i)`, in words; nothing when there is none. Undefined stands for anything. */
export function firstDifference(view, expected, encode = same) {
  for (let i = 0; i < view.length; i++) {
    const value = expected(i);
    if (value === undefined) continue;
    const wanted = encode(value);
    if (view[i] !== wanted) return `element ${i} of ${view.length} is ${view[i]}, ${wanted} was expected`;
  }
  return undefined;
}

const GUARD = 256;
const POISON = 0xa5;

/** One input and one output at a time, in memory that is allocated once. */
export class Buffers {
  #backend;
  #done;
  #host;
  #areas;
  #next = 0;

  constructor(backend, byteLength) {
    this.#backend = backend;
    this.#done = backend.createEvent();
    const total = byteLength + 2 * GUARD + 16;
    this.#host = backend.allocateHost(total);
    this.#areas = [0, 1].map(() => backend.allocate(total, "workspace"));
  }

  input(dtype, shape, value) {
    const { View, encode } = DTYPES[dtype];
    return this.#fill(dtype, shape, (bytes) => {
      const view = new View(bytes.buffer, bytes.byteOffset, bytes.byteLength / View.BYTES_PER_ELEMENT);
      for (let i = 0; i < view.length; i++) view[i] = encode(value(i));
    });
  }

  output(dtype, shape) {
    return this.#fill(dtype, shape, () => {});
  }

  /** How the tensor and the guards around it differ from what they should be; nothing when they do not. */
  difference(out, expected) {
    const { View, encode } = DTYPES[out.dtype];
    const length = out.shape.reduce((a, b) => a * b, 1);
    const size = length * View.BYTES_PER_ELEMENT;
    const total = out.byteOffset + size + GUARD;
    this.#copy(tensor("uint8", [total], this.#host), tensor("uint8", [total], out.storage), total);
    const { bytes } = this.#host;
    for (let i = 0; i < total; i++) {
      if (i === out.byteOffset) i += size;
      if (bytes[i] !== POISON) return `byte ${i - out.byteOffset} of ${size} was overwritten`;
    }
    return firstDifference(new View(bytes.buffer, bytes.byteOffset + out.byteOffset, length), expected, encode);
  }

  dispose() {
    this.#done.dispose();
    for (const storage of [this.#host, ...this.#areas]) storage.dispose();
  }

  /** A tensor that begins one element beyond the guard, so that its address is only as aligned as it must be. */
  #fill(dtype, shape, write) {
    const element = DTYPES[dtype].View.BYTES_PER_ELEMENT;
    const size = shape.reduce((a, b) => a * b, 1) * element;
    const byteOffset = GUARD + element;
    const total = byteOffset + size + GUARD;
    const bytes = this.#host.bytes.subarray(0, total).fill(POISON);
    write(bytes.subarray(byteOffset, byteOffset + size));
    const area = this.#areas[this.#next];
    this.#next ^= 1;
    this.#copy(tensor("uint8", [total], area), tensor("uint8", [total], this.#host), total);
    return tensor(dtype, shape, area, byteOffset);
  }

  /** Done when this returns. */
  #copy(to, from, byteLength) {
    this.#backend.copy(to, from, byteLength);
    this.#done.record();
    this.#done.wait();
  }
}
