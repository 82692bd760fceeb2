// gpt-oss as OpenAI publishes it has its experts in MXFP4 (OCP Microscaling v1.0) in two tensors a stack: `<name>_blocks`, uint8
// [experts, rows, blocks of a row, 16], and `<name>_scales`, uint8 [experts, rows, blocks of a row]. They are shown as GGUF has them, which
// is what kernels compute: a tensor `<name>.<index>.weight` in blocks for each expert, beside `<name>.<index>.bias`.
import {
  type BlockFormat,
  byteSize,
  bytesOf,
  hostStorage,
  OctavoError,
  readRange,
  reshape,
  slice,
  type Tensor,
  tensor,
} from "@octavo/core";
import type { WeightFiles } from "./model-source.js";
import type { TensorSummary } from "./tensor-summary.js";

const CODES = 16;
const BLOCK = 1 + CODES;
const BLOCK_ELEMENTS = 2 * CODES;
/** A bound on untrusted counts. */
const MAX_EXPERTS = 2 ** 12;

/** Experts of one projection of a layer. */
interface Stack {
  readonly blocks: string;
  readonly scales: string;
  readonly shape: readonly [experts: number, rows: number, blocks: number];
}

/** One of a stack, or of the stack's biases. */
interface Member {
  readonly index: number;
  /** Absent: a bias. */
  readonly stack?: Stack;
  /** The checkpoint's tensor of the biases, or of the blocks. */
  readonly name: string;
}

/** The files as they are where nothing in them is in MXFP4. @throws CHECKPOINT that names a tensor of another shape */
export function withMxfp4Experts(files: WeightFiles): WeightFiles {
  const stacks = findStacks(files);
  return stacks.size === 0 ? files : new Mxfp4Experts(files, stacks);
}

function findStacks(files: WeightFiles): Map<string, Stack> {
  const names = new Set(files.names);
  const stacks = new Map<string, Stack>();
  for (const blocks of names) {
    const name = blocks.replace(/_blocks$/, "");
    const scales = `${name}_scales`;
    if (name !== blocks && names.has(scales))
      stacks.set(name, { blocks, scales, shape: shapeOf(files, blocks, scales) });
  }
  return stacks;
}

function shapeOf(files: WeightFiles, blocks: string, scales: string): Stack["shape"] {
  const [codes, exponents] = [files.tensor(blocks), files.tensor(scales)];
  const [experts = 0, rows = 0, count = 0] = codes.shape;
  const fits =
    codes.dtype === "uint8" &&
    exponents.dtype === "uint8" &&
    `${codes.shape}` === `${[experts, rows, count, CODES]}` &&
    `${exponents.shape}` === `${[experts, rows, count]}`;
  if (fits && experts <= MAX_EXPERTS) return [experts, rows, count];
  throw new OctavoError({
    code: "CHECKPOINT",
    message:
      `tensor ${blocks} in ${files.origin(blocks)} is ${codes.dtype} [${codes.shape}] and ${scales} is ${exponents.dtype} ` +
      `[${exponents.shape}], expected uint8 [experts, rows, blocks, ${CODES}], at most ${MAX_EXPERTS} experts, and uint8 of the same ` +
      "without the last dimension. Download the file again.",
    param: blocks,
  });
}

class Mxfp4Experts implements WeightFiles {
  readonly #files: WeightFiles;
  readonly #members = new Map<string, Member>();
  /** Names of tensors that are shown as others. */
  readonly #hidden = new Set<string>();

  constructor(files: WeightFiles, stacks: ReadonlyMap<string, Stack>) {
    this.#files = files;
    const names = new Set(files.names);
    for (const [name, stack] of stacks) {
      const bias = `${name}_bias`;
      for (const own of [stack.blocks, stack.scales, bias]) this.#hidden.add(own);
      for (let index = 0; index < stack.shape[0]; index++) {
        this.#members.set(`${name}.${index}.weight`, { index, stack, name: stack.blocks });
        if (names.has(bias)) this.#members.set(`${name}.${index}.bias`, { index, name: bias });
      }
    }
  }

  get names(): Iterable<string> {
    return [...[...this.#files.names].filter((name) => !this.#hidden.has(name)), ...this.#members.keys()];
  }

  *summaries(): Iterable<TensorSummary> {
    for (const summary of this.#files.summaries()) if (!this.#hidden.has(summary.name)) yield summary;
    for (const [name, { stack, name: own }] of this.#members) {
      const path = this.#files.origin(own);
      if (stack === undefined) {
        const { dtype, shape } = this.tensor(name);
        yield { name, dtype, shape, byteLength: byteSize(dtype, shape), path };
      } else {
        const [, rows, blocks] = stack.shape;
        yield { name, dtype: "MXFP4", shape: [rows, blocks * BLOCK_ELEMENTS], byteLength: rows * blocks * BLOCK, path };
      }
    }
  }

  tensor(name: string): Tensor {
    const member = this.#members.get(name);
    if (member === undefined) return this.#files.tensor(name);
    const { index, stack } = member;
    if (stack === undefined) return pick(this.#files.tensor(member.name), index);
    const codes = this.#bytes(stack.blocks, index);
    const scales = this.#bytes(stack.scales, index);
    const [, rows, blocks] = stack.shape;
    return tensor("uint8", [rows, blocks * BLOCK], hostStorage(ggmlBlocks(codes, scales)));
  }

  blockFormat(name: string): BlockFormat | undefined {
    const member = this.#members.get(name);
    return member === undefined ? this.#files.blockFormat?.(name) : member.stack && "mxfp4";
  }

  release(name: string): void {
    if (!this.#members.has(name)) this.#files.release?.(name);
  }

  origin(name: string): string {
    return this.#files.origin(this.#members.get(name)?.name ?? name);
  }

  dispose(): void {
    this.#files.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Of one expert; read from the file where it lies behind what JavaScript sees (4 GiB on Node 20). */
  #bytes(name: string, index: number): Uint8Array {
    const own = pick(this.#files.tensor(name), index);
    const length = byteSize(own.dtype, own.shape);
    const isVisible = own.byteOffset + length <= (own.storage.bytes?.byteLength ?? 0);
    return isVisible ? bytesOf(own) : readRange(this.#files.origin(name), own.byteOffset, length);
  }
}

function pick(stack: Tensor, index: number): Tensor {
  return reshape(slice(stack, 0, index, index + 1), stack.shape.slice(1));
}

/**
 * GGML's blocks: the scale, then codes, of which byte i has elements i and 16 + i. Here it has 2i and 2i + 1; the even one is the low
 * half.
 */
function ggmlBlocks(codes: Uint8Array, scales: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(scales.length * BLOCK);
  for (let block = 0; block < scales.length; block++) {
    const to = block * BLOCK;
    out[to] = scales[block]!;
    for (let i = 0; i < CODES / 2; i++) {
      const low = codes[block * CODES + i]!;
      const high = codes[block * CODES + CODES / 2 + i]!;
      out[to + 1 + 2 * i] = (low & 15) | ((high & 15) << 4);
      out[to + 2 + 2 * i] = (low >> 4) | (high & 0xf0);
    }
  }
  return out;
}
