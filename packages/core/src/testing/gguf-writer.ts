// Writes small GGUF files for tests. Whatever is asked for is written, so that damaged files can be made too.
import type { GgufNumbers } from "../containers/gguf/index.js";

/** Numbers become uint32 where they are whole and fit, else float32. */
export type GgufWriterValue = number | boolean | string | readonly string[] | GgufNumbers | GgufWriterList;

/** A list of any declared type and count, with its elements' bytes. */
export interface GgufWriterList {
  readonly type: number;
  readonly count: number | bigint;
  readonly bytes: Uint8Array;
}

export interface GgufWriterTensor {
  readonly name: string;
  /** Row-major; written in GGUF's reversed order. */
  readonly shape: readonly (number | bigint)[];
  /** GGML's number of the type. Default 0: F32. */
  readonly type?: number;
  readonly data: Uint8Array;
  /** Default: behind the tensor before, aligned. */
  readonly offset?: number | bigint;
}

export interface GgufWriterOptions {
  readonly metadata?: Readonly<Record<string, GgufWriterValue>> | readonly (readonly [string, GgufWriterValue])[];
  readonly tensors?: readonly GgufWriterTensor[];
  readonly version?: number;
  readonly alignment?: number;
  readonly pairCount?: bigint;
  readonly tensorCount?: bigint;
}

const LIST_TYPES: readonly [new (...args: never[]) => GgufNumbers, number][] = [
  [Uint8Array, 0],
  [Int8Array, 1],
  [Uint16Array, 2],
  [Int16Array, 3],
  [Uint32Array, 4],
  [Int32Array, 5],
  [Float32Array, 6],
  [Float64Array, 12],
];

/** The bytes of a GGUF file. */
export function ggufBytes(options: GgufWriterOptions): Uint8Array {
  const { metadata = {}, tensors = [], version = 3, alignment = 32 } = options;
  const pairs = Array.isArray(metadata) ? metadata : Object.entries(metadata);
  const parts: Uint8Array[] = [];
  const add = (bytes: Uint8Array) => parts.push(bytes);
  add(Buffer.from("GGUF"));
  add(u32(version));
  add(u64(options.tensorCount ?? tensors.length));
  add(u64(options.pairCount ?? pairs.length));
  for (const [key, value] of pairs) {
    add(text(key));
    add(valueBytes(value));
  }
  let end = 0;
  const offsets = tensors.map(({ data }) => {
    const offset = aligned(end, alignment);
    end = offset + data.byteLength;
    return offset;
  });
  for (const [i, { name, shape, type = 0, offset }] of tensors.entries()) {
    add(text(name));
    add(u32(shape.length));
    for (const size of [...shape].reverse()) add(u64(size));
    add(u32(type));
    add(u64(offset ?? offsets[i]!));
  }
  const headerEnd = parts.reduce((sum, part) => sum + part.byteLength, 0);
  const file = Buffer.alloc(aligned(headerEnd, alignment) + end);
  Buffer.concat(parts).copy(file);
  for (const [i, { data }] of tensors.entries()) file.set(data, aligned(headerEnd, alignment) + offsets[i]!);
  return new Uint8Array(file);
}

function valueBytes(value: GgufWriterValue): Uint8Array {
  if (typeof value === "boolean") return Buffer.concat([u32(7), Buffer.from([Number(value)])]);
  if (typeof value === "string") return Buffer.concat([u32(8), text(value)]);
  if (typeof value === "number") {
    if (Number.isInteger(value) && value >= 0 && value < 2 ** 32) return Buffer.concat([u32(4), u32(value)]);
    return Buffer.concat([u32(6), new Uint8Array(Float32Array.of(value).buffer)]);
  }
  if (ArrayBuffer.isView(value)) {
    const [, code] = LIST_TYPES.find(([type]) => value instanceof type)!;
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    return Buffer.concat([u32(9), u32(code), u64(value.length), bytes]);
  }
  if ("bytes" in value) return Buffer.concat([u32(9), u32(value.type), u64(value.count), value.bytes]);
  return Buffer.concat([u32(9), u32(8), u64(value.length), ...value.map(text)]);
}

function aligned(position: number, alignment: number): number {
  return Math.ceil(position / alignment) * alignment;
}

function text(value: string): Uint8Array {
  const bytes = Buffer.from(value, "utf8");
  return Buffer.concat([u64(bytes.byteLength), bytes]);
}

function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

function u64(value: number | bigint): Uint8Array {
  return new Uint8Array(BigUint64Array.of(BigInt(value)).buffer);
}
