// Where the entries of a zip file lie, for the files that torch.save writes: stored, not compressed; zip64 where they are large.
// Format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT. The file is untrusted input.
import type { FileRange } from "../file-range.js";
import { type Fail, quoted } from "./fail.js";

const END = 0x06054b50;
const END_BYTES = 22;
const MAX_COMMENT = 65_535;
const END64_LOCATOR = 0x07064b50;
const END64_LOCATOR_BYTES = 20;
const END64 = 0x06064b50;
const END64_BYTES = 56;
const RECORD = 0x02014b50;
const RECORD_BYTES = 46;
const LOCAL = 0x04034b50;
const LOCAL_BYTES = 30;
const ZIP64_FIELD = 1;
/** Far above real files: a directory of a million entries has about as much. */
const MAX_DIRECTORY_BYTES = 100_000_000;

/** An entry, as the directory has it. */
export interface ZipEntry {
  readonly name: string;
  /** Of its local header, from the file's start. */
  readonly headerOffset: number;
  /** Bytes of its content. */
  readonly byteLength: number;
  /** 0: stored as it is. */
  readonly method: number;
}

/** Reads the directory. @throws CHECKPOINT, by `fail` */
export function readZipDirectory(file: FileRange, fail: Fail): Map<string, ZipEntry> {
  const { offset, byteLength, count } = findDirectory(file, fail);
  if (byteLength > MAX_DIRECTORY_BYTES || offset + byteLength > file.byteLength || count * RECORD_BYTES > byteLength) {
    fail(
      `its zip directory claims ${count} entries in ${byteLength} bytes at ${offset}, the file has ${file.byteLength}`,
    );
  }
  const bytes = file.read(offset, byteLength);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries = new Map<string, ZipEntry>();
  for (let i = 0, at = 0; i < count; i++) {
    if (at + RECORD_BYTES > byteLength || view.getUint32(at, true) !== RECORD) fail("its zip directory is damaged");
    const nameAt = at + RECORD_BYTES;
    const extraAt = nameAt + view.getUint16(at + 28, true);
    const extraEnd = extraAt + view.getUint16(at + 30, true);
    const next = extraEnd + view.getUint16(at + 32, true);
    if (next > byteLength) fail("its zip directory is damaged");
    const name = Buffer.from(bytes.buffer, bytes.byteOffset + nameAt, extraAt - nameAt).toString("utf8");
    if (entries.has(name)) fail(`its zip directory has ${quoted(name)} twice`);
    const [size, stored, headerOffset] = sizesOf(view, at, extraAt, extraEnd) ?? fail("its zip directory is damaged");
    const method = view.getUint16(at + 10, true);
    if (method === 0 && stored !== size) fail(`its zip entry ${quoted(name)} has ${size} bytes, stored are ${stored}`);
    entries.set(name, { name, headerOffset, byteLength: size, method });
    at = next;
  }
  return entries;
}

/** Where the content of an entry begins, from the file's start. @throws CHECKPOINT unless all of it is in the file */
export function contentOffset(
  file: FileRange,
  { name, headerOffset, byteLength, method }: ZipEntry,
  fail: Fail,
): number {
  if (method !== 0) fail(`its zip entry ${quoted(name)} is compressed`, "Save it anew with torch.save.");
  const isInside = headerOffset + LOCAL_BYTES <= file.byteLength;
  const header = isInside ? viewOf(file, headerOffset, LOCAL_BYTES) : undefined;
  if (header?.getUint32(0, true) !== LOCAL) fail(`its zip entry ${quoted(name)} has no header at byte ${headerOffset}`);
  const offset = headerOffset + LOCAL_BYTES + header.getUint16(26, true) + header.getUint16(28, true);
  if (offset + byteLength > file.byteLength) {
    fail(`its zip entry ${quoted(name)} ends at byte ${offset + byteLength}, the file has ${file.byteLength}`);
  }
  return offset;
}

interface Directory {
  readonly offset: number;
  readonly byteLength: number;
  readonly count: number;
}

function findDirectory(file: FileRange, fail: Fail): Directory {
  const start = Math.max(0, file.byteLength - END_BYTES - MAX_COMMENT);
  const view = viewOf(file, start, file.byteLength - start);
  let at = view.byteLength - END_BYTES;
  while (at >= 0 && view.getUint32(at, true) !== END) at--;
  if (at < 0) fail("its zip directory is missing (cut short?)");
  const locator = start + at - END64_LOCATOR_BYTES;
  return (
    findDirectory64(file, locator) ?? {
      count: view.getUint16(at + 10, true),
      byteLength: view.getUint32(at + 12, true),
      offset: view.getUint32(at + 16, true),
    }
  );
}

/** The directory by zip64's own end record; undefined where there is none. */
function findDirectory64(file: FileRange, locatorOffset: number): Directory | undefined {
  if (locatorOffset < 0) return undefined;
  const locator = viewOf(file, locatorOffset, END64_LOCATOR_BYTES);
  if (locator.getUint32(0, true) !== END64_LOCATOR) return undefined;
  const endOffset = u64(locator, 8);
  if (endOffset + END64_BYTES > locatorOffset) return undefined;
  const end = viewOf(file, endOffset, END64_BYTES);
  if (end.getUint32(0, true) !== END64) return undefined;
  return { count: u64(end, 32), byteLength: u64(end, 40), offset: u64(end, 48) };
}

/** Size, stored size and header offset of the record at `at`: 0xffffffff stands for a number in the zip64 field. */
function sizesOf(view: DataView, at: number, extraAt: number, extraEnd: number): [number, number, number] | undefined {
  const short = [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)];
  if (!short.includes(0xffffffff)) return short as [number, number, number];
  for (let field = extraAt; field + 4 <= extraEnd; ) {
    const end = field + 4 + view.getUint16(field + 2, true);
    if (end > extraEnd) return undefined;
    if (view.getUint16(field, true) === ZIP64_FIELD) {
      let from = field + 4;
      const full = short.map((value) => {
        if (value !== 0xffffffff || from + 8 > end) return value;
        from += 8;
        return u64(view, from - 8);
      });
      return full as [number, number, number];
    }
    field = end;
  }
  return undefined;
}

function viewOf(file: FileRange, offset: number, length: number): DataView {
  const bytes = file.read(offset, length);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Rounded above 2^53, where no offset is. */
function u64(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
}
