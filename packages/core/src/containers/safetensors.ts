// Reads safetensors: 8 bytes of header length (little endian), a JSON header, then the tensors' bytes.
// Format: https://github.com/huggingface/safetensors (README, "Format"). The file is untrusted input.
import { readFileSync } from "node:fs";
import type { DType } from "../dtype.js";
import { OctavoError } from "../errors.js";
import { hostStorage, type Storage } from "../storage.js";
import { byteSize, type Tensor, tensor } from "../tensor.js";

/** Far above real headers (a 400,000-tensor checkpoint needs about 50 MB); the format's own reader has the same limit. */
export const MAX_HEADER_BYTES = 100_000_000;

// A Map, because names from the file must not reach an object's prototype.
const SAFETENSORS_DTYPES: ReadonlyMap<unknown, DType> = new Map([
  ["F64", "float64"],
  ["F32", "float32"],
  ["F16", "float16"],
  ["BF16", "bfloat16"],
  ["I64", "int64"],
  ["I32", "int32"],
  ["I8", "int8"],
  ["U8", "uint8"],
  ["BOOL", "bool"],
]);

/** How the small text begins that stands in for a file until `git lfs pull` fetches it. */
const LFS_POINTER = "version https://git-lfs.github.com/spec/";

/** An open checkpoint file: tensors by name, as views into the file's bytes. */
export interface TensorFile extends Disposable {
  /** As given. */
  readonly path: string;
  /** By name, as views into the file. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** `__metadata__` of the header; empty where it has none. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Closes the file; tensors must not be used after. */
  dispose(): void;
}

/** Reads a file's bytes. `Backend.mapFile` is the fast one; {@link readFile} needs no backend. */
export type FileReader = (path: string) => Storage;

/** Reads a whole file into memory. @throws CHECKPOINT when it cannot be read. */
export function readFile(path: string): Storage {
  try {
    return hostStorage(readFileSync(path));
  } catch (cause) {
    throw new OctavoError({
      code: "CHECKPOINT",
      message: `cannot read ${path}: ${(cause as Error).message}. It must be a file that this user may read.`,
      param: path,
      cause,
    });
  }
}

/**
 * Opens a safetensors file. Only the header is read; tensors are views.
 * @throws CHECKPOINT that names the file and the tensor when the file is damaged or holds an unknown dtype
 */
export function openSafetensors(path: string, read: FileReader = readFile): TensorFile {
  const storage = read(path);
  try {
    return {
      path,
      ...parse(path, storage),
      dispose: () => storage.dispose(),
      [Symbol.dispose]: () => storage.dispose(),
    };
  } catch (error) {
    storage.dispose();
    throw error;
  }
}

function parse(path: string, storage: Storage): Pick<TensorFile, "tensors" | "metadata"> {
  const fail = (found: string, cause?: unknown): never => {
    const message = `${path} is not a valid safetensors file: ${found}. Download it again.`;
    throw new OctavoError({ code: "CHECKPOINT", message, param: path, cause });
  };
  const bytes = storage.bytes ?? fail("it has no bytes on the host");
  if (new TextDecoder().decode(bytes.subarray(0, LFS_POINTER.length)) === LFS_POINTER) {
    const message = `${path} is a git-lfs pointer, the weights themselves were not downloaded. Run "git lfs pull" in its folder.`;
    throw new OctavoError({ code: "CHECKPOINT", message, param: path });
  }
  if (bytes.byteLength < 8) fail(`it has ${bytes.byteLength} bytes, a header needs at least 8`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES) fail(`its header claims ${length} bytes, more than ${MAX_HEADER_BYTES}`);
  const dataStart = 8 + length;
  if (dataStart > bytes.byteLength) fail(`its header claims ${length} bytes, the file has ${storage.byteLength}`);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, dataStart)));
  } catch (cause) {
    fail(`its header is not JSON (${(cause as Error).message})`, cause);
  }
  if (!isObject(header)) fail(`its header is ${describe(header)}, a JSON object was expected`);

  const tensors = new Map<string, Tensor>();
  const spans: Span[] = [];
  let metadata: Record<string, string> = {};
  const dataBytes = storage.byteLength - dataStart;
  for (const [name, entry] of Object.entries(header as Record<string, unknown>)) {
    if (name === "__metadata__") {
      metadata = isTexts(entry) ? entry : fail(`__metadata__ is ${describe(entry)}, an object of strings was expected`);
      continue;
    }
    const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
    if (!isSizes(shape)) fail(`tensor ${name} has shape ${describe(shape)}, sizes were expected`);
    if (!isSizes(offsets) || offsets.length !== 2) {
      fail(`tensor ${name} has data_offsets ${describe(offsets)}, [begin, end] was expected`);
    }
    const known =
      SAFETENSORS_DTYPES.get(dtype) ?? fail(`tensor ${name} has dtype ${describe(dtype)}, which Octavo does not read`);
    const [begin, end] = offsets as [number, number];
    const size = byteSize(known, shape as number[]);
    if (end - begin !== size) {
      fail(`tensor ${name} (${known} ${describe(shape)}) needs ${size} bytes, its data_offsets span ${end - begin}`);
    }
    if (end > dataBytes)
      fail(`tensor ${name} ends at byte ${end} of the data, the file holds ${dataBytes} (cut short?)`);
    spans.push({ name, begin, end });
    tensors.set(name, tensor(known, Object.freeze(shape as number[]), storage, dataStart + begin));
  }
  const damage = findLayoutDamage(spans, dataBytes);
  if (damage !== undefined) fail(damage);
  return { tensors, metadata };
}

interface Span {
  readonly name: string;
  readonly begin: number;
  readonly end: number;
}

/**
 * The format's rule that tensors cover the data without holes or overlap. Weights that were cut out or written over are found
 * by it, where each tensor by itself looks right.
 */
function findLayoutDamage(spans: Span[], dataBytes: number): string | undefined {
  spans.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const { name, begin, end } of spans) {
    if (begin < covered)
      return `tensor ${name} starts at byte ${begin} of the data, inside of another that ends at ${covered}`;
    if (begin > covered) return `bytes ${covered} to ${begin} of the data, before tensor ${name}, belong to no tensor`;
    covered = end;
  }
  return covered < dataBytes ? `bytes ${covered} to ${dataBytes} of the data belong to no tensor` : undefined;
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((v) => Number.isSafeInteger(v) && v >= 0);
}

function isTexts(value: unknown): value is Record<string, string> {
  return isObject(value) && Object.values(value).every((v) => typeof v === "string");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value from the file for a message: short, and without walking into what may be nested a million deep. */
function describe(value: unknown): string {
  if (Array.isArray(value)) {
    const shown = value.slice(0, 8).map((v) => (Array.isArray(v) ? "[...]" : describe(v)));
    return `[${shown.join(", ")}${value.length > 8 ? ", ..." : ""}]`;
  }
  if (typeof value === "string") return JSON.stringify(value.slice(0, 64));
  return isObject(value) ? "an object" : String(value);
}
