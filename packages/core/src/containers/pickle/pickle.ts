// Opens what torch.save wrote (pytorch_model.bin, .pt, .pth) without running any of it: a pickle is a program, and this reads
// only what describes tensors.
import { DTYPES, type DType } from "../../dtype.js";
import { OctavoError } from "../../errors.js";
import type { Storage } from "../../storage.js";
import { elementCount, type Tensor } from "../../tensor.js";
import { type FileRange, rangeOfStorage } from "../file-range.js";
import { type FileReader, readFile, type TensorFile } from "../safetensors.js";
import { type Fail, failOf, quoted } from "./fail.js";
import { readLegacyCheckpoint } from "./legacy-checkpoint.js";
import type { TorchFile } from "./torch-file.js";
import { TorchStorage, TorchTensor } from "./torch-globals.js";
import { isSize } from "./torch-storages.js";
import { readZipCheckpoint } from "./zip-checkpoint.js";

const ZIP = [0x50, 0x4b, 0x03, 0x04];
/** The protocol and the first byte of the magic number's opcode. */
const LEGACY = [0x80, 0x02, 0x8a, 0x0a];
const LFS_POINTER = "version https://git-lfs.github.com/spec/";
/** Where trainers put the weights beside other things. */
const NESTED = ["state_dict", "model", "module"];
const MAX_DIMENSIONS = 16;

/**
 * Opens a checkpoint of PyTorch. Only what describes tensors is read; they are views into the file, strided ones as they lie there
 * (see {@link toContiguous}). Values that are no tensors are left out.
 * @param read `Backend.mapFile`; by default files are read whole
 * @throws CHECKPOINT that names the file and the tensor, the global or the opcode: a file that would run code is refused
 */
export function openPickle(path: string, read: FileReader = readFile): TensorFile {
  const storage = read(path);
  try {
    const fail = failOf(path);
    const torchFile = readTorchFile(rangeOfStorage(path, storage), fail);
    const tensors = new Map<string, Tensor>();
    for (const [name, found] of stateDict(torchFile.value, fail)) {
      tensors.set(name, placeTensor(name, found, torchFile, storage, fail));
    }
    const dispose = () => storage.dispose();
    return { path, tensors, metadata: {}, dispose, [Symbol.dispose]: dispose };
  } catch (error) {
    storage.dispose();
    throw error;
  }
}

function readTorchFile(file: FileRange, fail: Fail): TorchFile {
  const start = file.read(0, Math.min(file.byteLength, LFS_POINTER.length));
  const begins = (bytes: readonly number[]) => bytes.every((byte, i) => start[i] === byte);
  if (begins(ZIP)) return readZipCheckpoint(file, fail);
  if (begins(LEGACY)) return readLegacyCheckpoint(file, fail);
  if (Buffer.from(start).toString("latin1") === LFS_POINTER) {
    const message = `${file.path} is a git-lfs pointer, the weights themselves were not downloaded. Run "git lfs pull" in its folder.`;
    throw new OctavoError({ code: "CHECKPOINT", message, param: file.path });
  }
  return fail("it begins neither as a zip file nor with PyTorch's magic number");
}

/** The dictionary of tensors: the value itself, or one inside of it. */
function stateDict(value: unknown, fail: Fail): [string, TorchTensor][] {
  const candidates = value instanceof Map ? [value, ...NESTED.map((key) => value.get(key))] : [value];
  for (const candidate of candidates) {
    const entries = candidate instanceof Map ? [...candidate].filter(isNamedTensor) : [];
    if (entries.length > 0) return entries;
  }
  return fail("it holds no dictionary of tensors", "Octavo reads what torch.save(model.state_dict()) writes.");
}

function isNamedTensor(entry: readonly [unknown, unknown]): entry is [string, TorchTensor] {
  return typeof entry[0] === "string" && entry[1] instanceof TorchTensor;
}

/** @returns a view, with the strides that the file says */
function placeTensor(name: string, found: TorchTensor, file: TorchFile, storage: Storage, fail: Fail): Tensor {
  const refuse = (what: string): never => fail(`tensor ${quoted(name)} ${what}`);
  const { storage: lies, offset, shape, strides } = found;
  if (!(lies instanceof TorchStorage)) return refuse("lies in no storage");
  const type = found.dtype ?? lies.dtype;
  const dtype: DType = type?.dtype ?? refuse(`has dtype ${type?.name ?? "unknown"}, which Octavo does not read`);
  if (!isSizes(shape) || !isSizes(strides) || strides.length !== shape.length || !isSize(offset)) {
    return refuse("has a shape, strides or an offset that are no sizes");
  }
  const { size } = DTYPES[dtype];
  const room = Math.floor((lies.count * (lies.dtype?.size ?? 1)) / size);
  const elements = elementCount(shape);
  // So that a copy in order is never larger than the file: strides of 0 could repeat one element a trillion times.
  if (elements > room) refuse(`has ${elements} elements ([${shape}]), its storage has ${room}`);
  let last = offset;
  for (const [i, length] of shape.entries()) last += (length - 1) * strides[i]!;
  if (elements > 0 && last >= room) refuse(`reaches element ${last} of its storage, which has ${room}`);
  const span = file.spans.get(lies.key) ?? refuse(`lies in storage ${quoted(lies.key)}, which the file does not have`);
  const byteOffset = span.offset + (elements > 0 ? offset * size : 0);
  return Object.freeze({ dtype, shape: Object.freeze(shape), strides: Object.freeze(strides), storage, byteOffset });
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.length <= MAX_DIMENSIONS && value.every(isSize);
}
