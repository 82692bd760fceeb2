// What the tests of ops share: tensors filled from seeds, values read back, a batch with its tables, every instruction set.
import {
  type Backend,
  type Batch,
  byteSize,
  bytesOf,
  DTYPES,
  type DType,
  elementCount,
  type FloatDType,
  OctavoError,
  planLayout,
  planSection,
  ROW_INIT_WORDS,
  StepPlan,
  type Tensor,
  tensor,
} from "@octavo/core";
import { createBackend } from "../src/index.js";

/** The instruction sets that this machine can run. */
export const ISAS: string[] = ["generic", "avx2", "avx512", "avx512bf16", "amx"].filter((isa) => {
  try {
    createBackend({ isa, numThreads: 1 }).dispose();
    return true;
  } catch (error) {
    if (OctavoError.isInstance(error, "INVALID_ARGUMENT")) return false;
    throw error;
  }
});

/** How far a result may be from exact, relative to its scale: a rounding of the result and of each input. */
export const TOLERANCE: Record<FloatDType, number> = { float32: 2e-6, float16: 1.5e-3, bfloat16: 1.2e-2 };

/** Numbers in [-1, 1) from a seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

/** A tensor of the backend, filled by `value(index)`. Unwritten memory is poisoned with NaN where the dtype has one. */
export function make(backend: Backend, dtype: DType, shape: number[], value?: (index: number) => number): Tensor {
  const made = tensor(dtype, shape, backend.allocate(Math.max(1, byteSize(dtype, shape)), "workspace"));
  const view = elements(made);
  for (let i = 0; i < elementCount(shape); i++) view.set(i, value ? value(i) : Number.NaN);
  return made;
}

/** The values of a tensor, as doubles. */
export function values(t: Tensor): number[] {
  const view = elements(t);
  return Array.from({ length: elementCount(t.shape) }, (_, i) => view.get(i));
}

/** The raw bits of a contiguous tensor, for bit-equality. */
export function bits(t: Tensor): string {
  return Buffer.from(bytesOf(t)).toString("hex");
}

interface Elements {
  get(index: number): number;
  set(index: number, value: number): void;
}

function elements(t: Tensor): Elements {
  const bytes = bytesOf(t);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = DTYPES[t.dtype].size;
  switch (t.dtype) {
    case "float32":
      return { get: (i) => view.getFloat32(i * size, true), set: (i, v) => view.setFloat32(i * size, v, true) };
    case "int32":
      return { get: (i) => view.getInt32(i * size, true), set: (i, v) => view.setInt32(i * size, v, true) };
    case "bfloat16":
      return {
        get: (i) => fromBits(view.getUint16(i * size, true) << 16),
        set: (i, v) => view.setUint16(i * size, toBfloat16(v), true),
      };
    case "float16":
      return {
        get: (i) => fromHalf(view.getUint16(i * size, true)),
        set: (i, v) => view.setUint16(i * size, toHalf(v), true),
      };
    default:
      throw new Error(`no elements of ${t.dtype}`);
  }
}

const scratch = new DataView(new ArrayBuffer(4));

function fromBits(word: number): number {
  scratch.setInt32(0, word);
  return scratch.getFloat32(0);
}

/** Nearest even, by the definition of the format. */
export function toBfloat16(value: number): number {
  scratch.setFloat32(0, value);
  const word = scratch.getUint32(0);
  if (Number.isNaN(value)) return (word >>> 16) | 0x40;
  return ((word + 0x7fff + ((word >>> 16) & 1)) >>> 16) & 0xffff;
}

export function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** Nearest even, by trying: the steps of a half at this magnitude. */
export function toHalf(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude >= 65520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(magnitude || 2 ** -24)));
  const steps = magnitude / 2 ** (exponent - 10);
  let rounded = Math.round(steps);
  if (Math.abs(steps - Math.trunc(steps)) === 0.5) rounded = 2 * Math.round(steps / 2);
  return sign | (rounded + (exponent + 14) * 1024);
}

/** The largest distance of `found` from `expected`, relative to the largest expected value. NaN anywhere gives NaN. */
export function relativeError(found: readonly number[], expected: readonly number[]): number {
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(found[i]! - expected[i]!) / scale;
    if (Number.isNaN(error)) return Number.NaN;
    worst = Math.max(worst, error);
  }
  return worst;
}

/** One request of a test's step. */
export interface TestRow {
  readonly row: number;
  readonly contextLen: number;
  readonly tokens: readonly number[];
  readonly samples?: boolean;
  /** Sampling record without its row: temperature, topP, minP, topK, seedLow, seedHigh, choice. */
  readonly sampling?: readonly [number, number, number, number, number, number, number];
}

/** A batch over fresh tables, its plan written and uploaded but not yet prepared. Block tables: see `blockOf`. */
export function makeBatch(backend: Backend, rows: readonly TestRow[], capacity: Partial<BatchCapacity> = {}): Batch {
  const full = { maxRows: 8, maxTokens: 512, maxBlocksPerRow: 16, blockSize: 16, ...capacity };
  const layout = planLayout(full);
  const int32 = (shape: number[]) => make(backend, "int32", shape, () => 0);
  const plan = int32([layout.totalWords]);
  const bytes = bytesOf(plan);
  const writer = new StepPlan(layout, new Int32Array(bytes.buffer, bytes.byteOffset, layout.totalWords));
  writer.begin(1);
  const record = new DataView(new ArrayBuffer(4 * ROW_INIT_WORDS));
  for (const { row, contextLen, tokens, samples = false, sampling } of rows) {
    writer.addRow(row, contextLen, tokens.length, samples ? 1 : 0);
    for (const token of tokens) writer.addToken(token);
    const blocks = Math.ceil((contextLen + tokens.length) / full.blockSize);
    for (let i = 0; i < blocks; i++) writer.addBlockWrite(row, i, blockOf(row, i, full.maxBlocksPerRow));
    if (!sampling) continue;
    for (let i = 0; i < 3; i++) record.setFloat32(4 + 4 * i, sampling[i]!, true);
    for (let i = 3; i < 7; i++) record.setInt32(4 + 4 * i, sampling[i]!, true);
    writer.addRowInit(row, new Int32Array(record.buffer));
  }
  writer.finish();
  return {
    layout,
    plan,
    tables: {
      blockTables: int32([full.maxRows, full.maxBlocksPerRow]),
      lastTokens: int32([full.maxRows]),
      sampling: int32([full.maxRows, ROW_INIT_WORDS]),
    },
    inputIds: int32([full.maxTokens]),
    positions: int32([full.maxTokens]),
    slots: int32([full.maxTokens]),
    sampleTokens: planSection(plan, layout.sampleTokens, full.maxRows),
    numRows: writer.numRows,
    numTokens: writer.numTokens,
    numSamples: writer.numSamples,
    maxQueryLen: 0,
    maxSeqLen: 0,
  };
}

interface BatchCapacity {
  readonly maxRows: number;
  readonly maxTokens: number;
  readonly maxBlocksPerRow: number;
  readonly blockSize: number;
}

/** Block ids that are neither in order nor adjacent; all below `1 + maxRows * maxBlocksPerRow`. */
export function blockOf(row: number, index: number, maxBlocksPerRow: number): number {
  return 1 + row * maxBlocksPerRow + ((index * 7 + 3) % maxBlocksPerRow);
}
