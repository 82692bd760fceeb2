// Plain tensors of a checkpoint that may hold them in blocks.
import {
  BLOCK_FORMATS,
  type BlockFormat,
  byteSize,
  bytesOf,
  decodeBlocks,
  elementCount,
  findBadScale,
  hostStorage,
  OctavoError,
  slice,
  type Tensor,
  tensor,
} from "@octavo/core";
import type { TensorSource } from "./tensor-source.js";
import { readTensor, type TensorSpec } from "./tensor-spec.js";

/**
 * The tensor that `spec` describes: as it lies, or decoded to float32 where the source has it in blocks.
 * @throws CHECKPOINT with name, file, found and expected when it is missing or differs
 */
export function readDense(source: TensorSource, spec: TensorSpec): Tensor {
  const format = source.blockFormat?.(spec.name);
  return format === undefined ? readTensor(source, spec) : decodeTensor(source, spec, format);
}

/**
 * A tensor in blocks as it lies: uint8 [...rows, bytes of a row].
 * @param spec its shape in elements
 * @param first and @param rows which of its first dimension. Default: all
 * @throws CHECKPOINT, also for a scale that is not finite where JavaScript sees the bytes
 */
export function readBlocks(
  source: TensorSource,
  spec: TensorSpec,
  format: BlockFormat,
  first = 0,
  rows: number = spec.shape[0] ?? 1,
): Tensor {
  const blocks = slice(shapedBlocks(source, spec, format), 0, first, first + rows);
  if (isVisible(blocks)) checkScales(source, spec, format, bytesOf(blocks));
  return blocks;
}

function shapedBlocks(source: TensorSource, spec: TensorSpec, format: BlockFormat): Tensor {
  const found = source.tensor(spec.name);
  const { elements, bytes } = BLOCK_FORMATS[format];
  const expected = [...spec.shape.slice(0, -1), ((spec.shape.at(-1) ?? 1) / elements) * bytes];
  if (found.dtype === "uint8" && `${found.shape}` === `${expected}`) return found;
  throw new OctavoError({
    code: "CHECKPOINT",
    message:
      `tensor ${spec.name} in ${source.origin(spec.name)} is ${format} in [${found.shape}] bytes, ` +
      `expected [${spec.shape}] elements, that is [${expected}] bytes: the weights do not belong to this config, or are damaged`,
    param: spec.name,
  });
}

/** A tensor in blocks, whose rows (all dimensions but the last) can be decoded a few at a time. */
export interface BlockRows {
  /** Rows. */
  readonly count: number;
  /** Elements a row. */
  readonly rowLength: number;
  /** Decodes as many rows as fill `out`, from row `first` on. */
  decode(first: number, out: Float32Array): void;
}

/** The rows of the tensor that `spec` describes; undefined where the source has it plain. @throws CHECKPOINT */
export function readBlockRows(source: TensorSource, spec: TensorSpec): BlockRows | undefined {
  const format = source.blockFormat?.(spec.name);
  return format === undefined ? undefined : blockRows(source, spec, format);
}

/**
 * @param first and @param rows which of the first dimension. Default: all
 * @returns float32 on the host
 */
export function decodeTensor(
  source: TensorSource,
  spec: TensorSpec,
  format: BlockFormat,
  first = 0,
  rows: number = spec.shape[0] ?? 1,
): Tensor {
  const shape = [rows, ...spec.shape.slice(1)];
  const values = new Float32Array(elementCount(shape));
  blockRows(source, spec, format, first, rows).decode(0, values);
  return tensor("float32", shape, hostStorage(new Uint8Array(values.buffer)));
}

function blockRows(
  source: TensorSource,
  spec: TensorSpec,
  format: BlockFormat,
  start = 0,
  rows: number = spec.shape[0] ?? 1,
): BlockRows {
  const whole = shapedBlocks(source, spec, format);
  const blocks = slice(whole, 0, start, start + rows);
  const rowBytes = blocks.shape.at(-1) ?? 0;
  const rowLength = spec.shape.at(-1) ?? 1;
  const given = isVisible(blocks) ? undefined : source.readBytes?.(spec.name);
  const from = start * byteSize("uint8", whole.shape.slice(1));
  const bytes = given?.subarray(from, from + byteSize("uint8", blocks.shape)) ?? bytesOf(blocks);
  checkScales(source, spec, format, bytes);
  return {
    count: elementCount(blocks.shape.slice(0, -1)),
    rowLength,
    decode(first, out) {
      const from = first * rowBytes;
      decodeBlocks(format, bytes.subarray(from, from + (out.length / rowLength) * rowBytes), out);
    },
  };
}

/** Whether JavaScript sees all of it. */
function isVisible({ storage, byteOffset, shape }: Tensor): boolean {
  return byteOffset + byteSize("uint8", shape) <= (storage.bytes?.byteLength ?? 0);
}

function checkScales(source: TensorSource, { name }: TensorSpec, format: BlockFormat, bytes: Uint8Array): void {
  const block = findBadScale(format, bytes);
  if (block < 0) return;
  throw new OctavoError({
    code: "CHECKPOINT",
    message:
      `tensor ${name} in ${source.origin(name)} is damaged: the scale of block ${block} (${format}) is not a finite number. ` +
      "Download the file again.",
    param: name,
  });
}
