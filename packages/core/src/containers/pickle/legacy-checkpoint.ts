// The files of torch.save before PyTorch 1.6: pickles of a magic number, a version, the writer's system, the tensors, and the
// order of the storages, then each of those behind its count of elements.
import type { FileRange } from "../file-range.js";
import { type Fail, quoted } from "./fail.js";
import { MAX_PICKLE_BYTES, type PickleHead } from "./pickle-bytes.js";
import type { StorageSpan, TorchFile } from "./torch-file.js";
import type { TorchStorage } from "./torch-globals.js";
import { storageOf } from "./torch-storages.js";
import { unpickle } from "./unpickler.js";

const MAGIC = 0x1950a86a20f9469cfc6cn;
const VERSION = 1001;
const FIRST_BYTES = 2 ** 16;

/** @throws CHECKPOINT, by `fail` */
export function readLegacyCheckpoint(file: FileRange, fail: Fail): TorchFile {
  const head = growingHead(file);
  const storages = new Map<string, TorchStorage>();
  let at = 0;
  const next = (): unknown => {
    const load = (id: unknown) => {
      const storage = storageOf(id, fail);
      if (storage.dtype === undefined) fail(`its storage ${quoted(storage.key)} has no element type`);
      const known = storages.get(storage.key) ?? storage;
      if (known.dtype !== storage.dtype || known.count !== storage.count) {
        fail(`its storage ${quoted(storage.key)} has two types or sizes`);
      }
      storages.set(storage.key, known);
      return known;
    };
    const { value, end } = unpickle(head, at, load, fail);
    at = end;
    return value;
  };
  if (next() !== MAGIC) fail("it does not begin with PyTorch's magic number");
  const version = next();
  if (version !== VERSION)
    fail(`it has version ${String(version).slice(0, 32)} of the format, ${VERSION} was expected`);
  const system = next();
  if (system instanceof Map && system.get("little_endian") === false) {
    fail("it is in big-endian byte order", "Save it on a little-endian computer.");
  }
  const value = next();
  const keys = next();
  if (!Array.isArray(keys)) return fail("it has no list of storages");
  return { value, spans: readSpans(file, at, keys, storages, fail) };
}

function readSpans(
  file: FileRange,
  start: number,
  keys: readonly unknown[],
  storages: ReadonlyMap<string, TorchStorage>,
  fail: Fail,
): Map<string, StorageSpan> {
  const spans = new Map<string, StorageSpan>();
  let at = start;
  for (const key of keys) {
    const storage = typeof key === "string" ? storages.get(key) : undefined;
    if (storage === undefined) return fail(`it lists a storage ${quoted(String(key))} that no tensor lies in`);
    if (spans.has(storage.key)) fail(`it lists storage ${quoted(storage.key)} twice`);
    if (at + 8 > file.byteLength)
      fail(`storage ${quoted(storage.key)} begins at byte ${at}, the file has ${file.byteLength}`);
    const bytes = file.read(at, 8);
    const count = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
    const byteLength = count * storage.dtype!.size;
    at += 8;
    if (at + byteLength > file.byteLength) {
      fail(
        `storage ${quoted(storage.key)} ends at byte ${at + byteLength}, the file has ${file.byteLength} (cut short?)`,
      );
    }
    if (count < storage.count)
      fail(`storage ${quoted(storage.key)} is to have ${storage.count} elements, it has ${count}`);
    spans.set(storage.key, { offset: at, byteLength });
    at += byteLength;
  }
  return spans;
}

/** The pickles have no length of their own, and what follows them may be many gigabytes. */
function growingHead(file: FileRange): PickleHead {
  const byteLength = Math.min(file.byteLength, MAX_PICKLE_BYTES);
  let held: Uint8Array = new Uint8Array(0);
  return {
    byteLength,
    atLeast(length) {
      if (held.byteLength < length) {
        held = file.read(0, Math.min(byteLength, Math.max(length, 2 * held.byteLength, FIRST_BYTES)));
      }
      return held;
    },
  };
}
