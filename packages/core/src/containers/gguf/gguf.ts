// Opens GGUF files: the container of llama.cpp's models, with metadata, tokenizer and tensors in one file (or its splits).
import { closeSync, openSync, readSync } from "node:fs";
import type { Storage } from "../../storage.js";
import { type Tensor, tensor } from "../../tensor.js";
import { readRange } from "../file-range.js";
import { type FileReader, readFile } from "../safetensors.js";
import { headOfStorage } from "./file-head.js";
import { type GgufHeader, type GgufTensorInfo, parseGgufHeader, readGgufHeader } from "./gguf-header.js";
import type { GgufMetadata } from "./gguf-metadata.js";
import { checkSplits, splitPaths } from "./gguf-splits.js";

/** A tensor of an open GGUF file. */
export interface GgufTensor {
  /** GGML's name of the type: "F32", "Q4_1" */
  readonly type: string;
  /** Row-major, in elements, whatever the type. */
  readonly shape: readonly number[];
  /**
   * A view into the file. A plain type: a tensor of that dtype and `shape`. Blocks: uint8 `[...rows, bytes of a row]`, `blocks` true.
   */
  readonly data: Tensor;
  /** Whether `data` holds blocks. */
  readonly blocks: boolean;
  /** The file that it lies in. */
  readonly path: string;
}

/** An open model: of all its files when it is split. */
export interface GgufFile extends Disposable {
  /** As given. */
  readonly path: string;
  /** Keys and values of the first file. */
  readonly metadata: GgufMetadata;
  /** By name, of all files. */
  readonly tensors: ReadonlyMap<string, GgufTensor>;
  /** Closes the files; tensors must not be used after. */
  dispose(): void;
}

/** A range of a file. */
export interface GgufBytes {
  /** The file. */
  readonly path: string;
  /** From its start. */
  readonly byteOffset: number;
  /** Bytes of the range. */
  readonly byteLength: number;
}

/** The headers of a model's files. */
export interface GgufHeaders {
  /** As given. */
  readonly path: string;
  /** Keys and values of the first file. */
  readonly metadata: GgufMetadata;
  /** By name, of all files; `path` says which one. */
  readonly tensors: ReadonlyMap<string, GgufTensorInfo & { readonly path: string }>;
}

/** Whether `path` is a GGUF file by its name or, where it is a readable file, by its first bytes. */
export function isGguf(path: string): boolean {
  if (/\.gguf$/i.test(path)) return true;
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    return false;
  }
  try {
    const start = Buffer.alloc(4);
    return readSync(file, start, 0, 4, 0) === 4 && start.toString("latin1") === "GGUF";
  } catch {
    return false; // a folder
  } finally {
    closeSync(file);
  }
}

/**
 * Reads the headers of a model, without its weights. Of a split model any file may be named.
 * @throws CHECKPOINT or UNSUPPORTED that names the file
 */
export function readGgufHeaders(path: string): GgufHeaders {
  const headers = splitPaths(path).map(readGgufHeader);
  checkSplits(headers);
  const tensors = headers.flatMap((header) =>
    [...header.tensors].map(([name, info]) => [name, { ...info, path: header.path }] as const),
  );
  return { path, metadata: headers[0]!.metadata, tensors: new Map(tensors) };
}

/**
 * Opens a model. Only headers are read; tensors are views. Of a split model any file may be named.
 * @param read `Backend.mapFile`; by default files are read whole
 * @throws CHECKPOINT that names the file and the tensor when a file is damaged; UNSUPPORTED for a version that Octavo lacks
 */
export function openGguf(path: string, read: FileReader = readFile): GgufFile {
  const storages: Storage[] = [];
  const dispose = () => {
    for (const storage of storages) storage.dispose();
  };
  try {
    const headers = splitPaths(path).map((part) => {
      const storage = read(part);
      storages.push(storage);
      return parseGgufHeader(headOfStorage(part, storage));
    });
    checkSplits(headers);
    const tensors = new Map<string, GgufTensor>();
    for (const [i, header] of headers.entries()) addTensors(tensors, header, storages[i]!);
    return { path, metadata: headers[0]!.metadata, tensors, dispose, [Symbol.dispose]: dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** The bytes of one tensor, read from its file. For small ones: nothing is mapped. @throws CHECKPOINT */
export function readGgufBytes({ path, byteOffset, byteLength }: GgufBytes): Uint8Array<ArrayBuffer> {
  return readRange(path, byteOffset, byteLength);
}

function addTensors(tensors: Map<string, GgufTensor>, { path, tensors: found }: GgufHeader, storage: Storage): void {
  for (const [name, { shape, type, byteOffset }] of found) {
    const rowBytes = ((shape.at(-1) ?? 1) / type.blockElements) * type.blockBytes;
    const data =
      type.dtype === undefined
        ? tensor("uint8", [...shape.slice(0, -1), rowBytes], storage, byteOffset)
        : tensor(type.dtype, shape, storage, byteOffset);
    tensors.set(name, { type: type.name, shape, data, blocks: type.dtype === undefined, path });
  }
}
