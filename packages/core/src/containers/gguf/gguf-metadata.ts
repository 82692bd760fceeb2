// The key-value part of a GGUF header.
import { type GgufCursor, quoted } from "./gguf-cursor.js";

/** A list of numbers: booleans are 0 and 1; 64-bit integers are rounded above 2^53. */
export type GgufNumbers =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

/** A metadata value. */
export type GgufValue = number | boolean | string | GgufNumbers | readonly string[] | readonly GgufValue[];

export type GgufMetadata = ReadonlyMap<string, GgufValue>;

const BOOL = 7;
const STRING = 8;
const ARRAY = 9;

/** Lists in lists are in no known file; the bound keeps a hostile one from deep recursion. */
const MAX_DEPTH = 4;

interface NumberType {
  readonly size: number;
  read(cursor: GgufCursor): number | boolean;
  /** @param count known to fit the file */
  readList(cursor: GgufCursor, count: number): GgufNumbers;
}

/** By the format's value type. */
const NUMBERS: ReadonlyMap<number, NumberType> = new Map([
  [0, { size: 1, read: (c) => c.u8(), readList: (c, n) => c.bytes(n) }],
  [1, { size: 1, read: (c) => c.i8(), readList: (c, n) => new Int8Array(c.bytes(n).buffer) }],
  [2, { size: 2, read: (c) => c.u16(), readList: (c, n) => new Uint16Array(c.bytes(2 * n).buffer) }],
  [3, { size: 2, read: (c) => c.i16(), readList: (c, n) => new Int16Array(c.bytes(2 * n).buffer) }],
  [4, { size: 4, read: (c) => c.u32(), readList: (c, n) => new Uint32Array(c.bytes(4 * n).buffer) }],
  [5, { size: 4, read: (c) => c.i32(), readList: (c, n) => new Int32Array(c.bytes(4 * n).buffer) }],
  [6, { size: 4, read: (c) => c.f32(), readList: (c, n) => new Float32Array(c.bytes(4 * n).buffer) }],
  [BOOL, { size: 1, read: (c) => c.u8() !== 0, readList: (c, n) => c.bytes(n).map((byte) => Number(byte !== 0)) }],
  [10, { size: 8, read: (c) => c.u64(), readList: (c, n) => Float64Array.from({ length: n }, () => c.u64()) }],
  [11, { size: 8, read: (c) => c.i64(), readList: (c, n) => Float64Array.from({ length: n }, () => c.i64()) }],
  [12, { size: 8, read: (c) => c.f64(), readList: (c, n) => new Float64Array(c.bytes(8 * n).buffer) }],
] satisfies [number, NumberType][]);

/** @throws CHECKPOINT for a key that comes twice, an unknown type, and counts that the file has no bytes for */
export function readMetadata(cursor: GgufCursor, count: number): GgufMetadata {
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < count; i++) {
    const key = cursor.string(`the length of key ${i}`);
    if (metadata.has(key)) cursor.fail(`its key ${quoted(key)} comes twice`);
    metadata.set(key, readValue(cursor, cursor.u32(), key, 0));
  }
  return metadata;
}

function readValue(cursor: GgufCursor, type: number, key: string, depth: number): GgufValue {
  if (type === STRING) return cursor.string(textOf(key));
  if (type === ARRAY) return readList(cursor, key, depth);
  const number = NUMBERS.get(type);
  return number === undefined
    ? cursor.fail(`its key ${quoted(key)} has the unknown type ${type}`)
    : number.read(cursor);
}

function readList(cursor: GgufCursor, key: string, depth: number): GgufValue {
  if (depth === MAX_DEPTH) cursor.fail(`its key ${quoted(key)} has lists in lists deeper than ${MAX_DEPTH}`);
  const type = cursor.u32();
  const count = cursor.u64();
  const what = `the list ${quoted(key)}`;
  const number = NUMBERS.get(type);
  if (number !== undefined) {
    cursor.checkRoom(count, number.size, what);
    return number.readList(cursor, count);
  }
  // A text needs its length, a list its type and length.
  cursor.checkRoom(count, type === ARRAY ? 12 : 8, what);
  if (type === STRING) {
    const text = textOf(key); // once: a vocabulary has a hundred thousand
    const texts: string[] = [];
    for (let i = 0; i < count; i++) texts.push(cursor.string(text));
    return texts;
  }
  const values: GgufValue[] = [];
  for (let i = 0; i < count; i++) values.push(readValue(cursor, type, key, depth + 1));
  return values;
}

function textOf(key: string): string {
  return `the length of the text ${quoted(key)}`;
}
