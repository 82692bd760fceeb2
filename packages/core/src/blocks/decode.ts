// Blocks to float32, bit for bit as the `gguf` Python package decodes them: every product and every sum is rounded to float32
// once, in the same order. For backends that do not compute with a format, and what the others are measured against.
import { checkArgument } from "../errors.js";
import { decodeQ6K } from "./decode-k-signed.js";
import { decodeQ2K, decodeQ3K } from "./decode-k-small.js";
import { decodeQ4K, decodeQ5K } from "./decode-k-with-minimums.js";
import { decodeQ40, decodeQ41, decodeQ50, decodeQ51, decodeQ80 } from "./decode-simple.js";
import { BLOCK_FORMATS, type BlockFormat, blockBytes } from "./format.js";

/** Decodes the block at `bytes[at]` to `out[start]` and the elements after it. */
export type DecodeBlock = (bytes: Uint8Array, at: number, out: Float32Array, start: number) => void;

const DECODERS: Readonly<Record<BlockFormat, DecodeBlock>> = {
  q8_0: decodeQ80,
  q4_0: decodeQ40,
  q4_1: decodeQ41,
  q5_0: decodeQ50,
  q5_1: decodeQ51,
  q2_k: decodeQ2K,
  q3_k: decodeQ3K,
  q4_k: decodeQ4K,
  q5_k: decodeQ5K,
  q6_k: decodeQ6K,
};

/**
 * Decodes neighbouring blocks. `bytes` may begin at any address.
 * @param out as many elements as the blocks hold
 * @throws INVALID_ARGUMENT when `out` ends inside a block, or `bytes` is not as long as its blocks
 */
export function decodeBlocks(format: BlockFormat, bytes: Uint8Array, out: Float32Array): void {
  const needed = blockBytes(format, out.length);
  checkArgument(
    bytes.length === needed,
    () => `${out.length} elements of ${format} are ${needed} bytes, got ${bytes.length}`,
    "bytes",
  );
  const info = BLOCK_FORMATS[format];
  const decode = DECODERS[format];
  for (let at = 0, start = 0; at < needed; at += info.bytes, start += info.elements) decode(bytes, at, out, start);
}
