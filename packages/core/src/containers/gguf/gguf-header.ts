// A GGUF header: magic, version, counts, metadata, then where each tensor lies.
// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. The file is untrusted input.
import { OctavoError } from "../../errors.js";
import { type FileHead, withFileHead } from "./file-head.js";
import { type GgmlType, ggmlType } from "./ggml-types.js";
import { GgufCursor, quoted } from "./gguf-cursor.js";
import { type GgufMetadata, readMetadata } from "./gguf-metadata.js";

const MAGIC = 0x46554747; // "GGUF"
const LFS_MAGIC = 0x73726576; // "vers", how a git-lfs pointer begins
const DEFAULT_ALIGNMENT = 32;
const MAX_ALIGNMENT = 2 ** 20;
const MAX_DIMENSIONS = 4;
/** The shortest key-value pair: an empty key, a type, one byte. */
const MIN_PAIR_BYTES = 8 + 4 + 1;
/** The shortest tensor record: an empty name, no dimension, type, offset. */
const MIN_TENSOR_BYTES = 8 + 4 + 4 + 8;

/** Where a tensor lies in a file. */
export interface GgufTensorInfo {
  /** Row-major, the slowest dimension first: the reverse of how the file lists them. */
  readonly shape: readonly number[];
  /** GGML's type with its block size. */
  readonly type: GgmlType;
  /** From the file's start. */
  readonly byteOffset: number;
  /** Bytes in the file. */
  readonly byteLength: number;
}

/** What a GGUF file says about itself. */
export interface GgufHeader {
  /** The file. */
  readonly path: string;
  /** Of the format: 2 or 3. */
  readonly version: number;
  /** Keys and values. */
  readonly metadata: GgufMetadata;
  /** Where each tensor lies, by name. */
  readonly tensors: ReadonlyMap<string, GgufTensorInfo>;
}

/**
 * Reads the header of the file at `path` and nothing behind it.
 * @throws CHECKPOINT that names the file and what is wrong with it; UNSUPPORTED for a version or byte order that Octavo lacks
 */
export function readGgufHeader(path: string): GgufHeader {
  return withFileHead(path, parseGgufHeader);
}

/** {@link readGgufHeader} for a file that is open. */
export function parseGgufHeader(head: FileHead): GgufHeader {
  const cursor = new GgufCursor(head);
  const version = readVersion(cursor);
  const tensorCount = cursor.u64();
  const pairCount = cursor.u64();
  cursor.checkRoom(pairCount, MIN_PAIR_BYTES, "the count of metadata keys");
  cursor.checkRoom(tensorCount, MIN_TENSOR_BYTES, "the count of tensors");
  const metadata = readMetadata(cursor, pairCount);
  cursor.checkRoom(tensorCount, MIN_TENSOR_BYTES, "the count of tensors");
  const alignment = alignmentOf(cursor, metadata);
  const records = readRecords(cursor, tensorCount);
  const dataStart = Math.ceil(cursor.position / alignment) * alignment;
  const tensors = new Map<string, GgufTensorInfo>();
  for (const [name, { shape, type, offset }] of records) {
    const byteLength = dataBytes(cursor, name, shape, type);
    const byteOffset = dataStart + offset;
    if (offset % alignment !== 0) {
      cursor.fail(`tensor ${quoted(name)} starts at byte ${offset} of the data, not at a multiple of ${alignment}`);
    }
    if (byteOffset + byteLength > cursor.byteLength) {
      const end = byteOffset + byteLength;
      cursor.fail(`tensor ${quoted(name)} ends at byte ${end}, the file has ${cursor.byteLength} (cut short?)`);
    }
    tensors.set(name, { shape, type, byteOffset, byteLength });
  }
  checkOverlap(cursor, tensors);
  return { path: head.path, version, metadata, tensors };
}

function readVersion(cursor: GgufCursor): number {
  if (cursor.byteLength < 24) cursor.fail(`it has ${cursor.byteLength} bytes, a header needs at least 24`);
  const magic = cursor.u32();
  if (magic === LFS_MAGIC) {
    const message = `${cursor.path} is a git-lfs pointer, the weights themselves were not downloaded. Run "git lfs pull" in its folder.`;
    throw new OctavoError({ code: "CHECKPOINT", message, param: cursor.path });
  }
  if (magic !== MAGIC) cursor.fail("it does not begin with GGUF");
  const version = cursor.u32();
  if (version === 2 || version === 3) return version;
  const swapped = version !== 0 && version % 2 ** 16 === 0;
  const found = swapped ? "it is in big-endian byte order" : `it has version ${version} of the format`;
  throw new OctavoError({
    code: "UNSUPPORTED",
    message: `${cursor.path}: ${found}; Octavo reads versions 2 and 3 in little-endian order. Convert the model again with a current llama.cpp.`,
    param: cursor.path,
  });
}

function alignmentOf(cursor: GgufCursor, metadata: GgufMetadata): number {
  const alignment = metadata.get("general.alignment") ?? DEFAULT_ALIGNMENT;
  const fits =
    typeof alignment === "number" &&
    alignment >= 1 &&
    alignment <= MAX_ALIGNMENT &&
    Number.isInteger(Math.log2(alignment));
  return fits
    ? alignment
    : cursor.fail(`its general.alignment is ${String(alignment).slice(0, 64)}, a power of 2 was expected`);
}

interface TensorRecord {
  readonly shape: readonly number[];
  readonly type: GgmlType;
  /** From the data's start. */
  readonly offset: number;
}

function readRecords(cursor: GgufCursor, count: number): Map<string, TensorRecord> {
  const records = new Map<string, TensorRecord>();
  for (let i = 0; i < count; i++) {
    const name = cursor.string(`the name of tensor ${i}`);
    if (records.has(name)) cursor.fail(`tensor ${quoted(name)} comes twice`);
    const dimensions = cursor.u32();
    if (dimensions > MAX_DIMENSIONS) {
      cursor.fail(`tensor ${quoted(name)} has ${dimensions} dimensions, at most ${MAX_DIMENSIONS} were expected`);
    }
    const shape = Array.from({ length: dimensions }, () => cursor.u64()).reverse();
    const id = cursor.u32();
    const type = ggmlType(id) ?? cursor.fail(`tensor ${quoted(name)} has the type ${id}, which Octavo does not know`);
    records.set(name, { shape: Object.freeze(shape), type, offset: cursor.u64() });
  }
  return records;
}

/** Compared with the file step by step, so that no product of lying sizes overflows. */
function dataBytes(cursor: GgufCursor, name: string, shape: readonly number[], type: GgmlType): number {
  const rowLength = shape.at(-1) ?? 1;
  if (rowLength % type.blockElements !== 0) {
    cursor.fail(
      `tensor ${quoted(name)} (${type.name} [${shape}]) has rows of ${rowLength} elements, not a multiple of ${type.blockElements}`,
    );
  }
  let bytes = (rowLength / type.blockElements) * type.blockBytes;
  for (const size of shape.slice(0, -1)) bytes *= size;
  if (bytes > cursor.byteLength || shape.some((size) => size > Number.MAX_SAFE_INTEGER)) {
    cursor.fail(
      `tensor ${quoted(name)} (${type.name} [${shape}]) needs ${bytes} bytes, the file has ${cursor.byteLength}`,
    );
  }
  return bytes;
}

/** Weights that were written over are found by it, where each tensor by itself looks right. Gaps are padding and may be. */
function checkOverlap(cursor: GgufCursor, tensors: ReadonlyMap<string, GgufTensorInfo>): void {
  const inOrder = [...tensors].sort(([, a], [, b]) => a.byteOffset - b.byteOffset || a.byteLength - b.byteLength);
  let covered = 0;
  for (const [name, { byteOffset, byteLength }] of inOrder) {
    if (byteOffset < covered && byteLength > 0) {
      cursor.fail(`tensor ${quoted(name)} starts at byte ${byteOffset}, inside of another that ends at ${covered}`);
    }
    covered = Math.max(covered, byteOffset + byteLength);
  }
}
