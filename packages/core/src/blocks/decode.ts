// Blocks to float32, bit for bit as the `gguf` Python package decodes them: every product and every sum is rounded to float32
// once, in the same order. (It has no decoder for q8_1, q8_k, q1_0 and q2_0: those are as ggml-quants.c has them.) For backends that do not compute with a format, and what the others are measured against.
import { checkArgument } from "../errors.js";
import { decodeMxfp4, decodeNvfp4 } from "./decode-fp4.js";
import { decodeIQ1M, decodeIQ1S } from "./decode-iq1.js";
import { decodeIQ2S, decodeIQ2XS, decodeIQ2XXS } from "./decode-iq2.js";
import { decodeIQ3S, decodeIQ3XXS } from "./decode-iq3.js";
import { decodeIQ4NL, decodeIQ4XS } from "./decode-iq4.js";
import { decodeQ6K } from "./decode-k-signed.js";
import { decodeQ2K, decodeQ3K } from "./decode-k-small.js";
import { decodeQ4K, decodeQ5K } from "./decode-k-with-minimums.js";
import { decodeQ40, decodeQ41, decodeQ50, decodeQ51, decodeQ80 } from "./decode-simple.js";
import { decodeQ8K, decodeQ81 } from "./decode-sums.js";
import { decodeQ10, decodeQ20, decodeTQ10, decodeTQ20 } from "./decode-ternary.js";
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
  q8_1: decodeQ81,
  q8_k: decodeQ8K,
  q1_0: decodeQ10,
  q2_0: decodeQ20,
  tq1_0: decodeTQ10,
  tq2_0: decodeTQ20,
  mxfp4: decodeMxfp4,
  nvfp4: decodeNvfp4,
  iq1_s: decodeIQ1S,
  iq1_m: decodeIQ1M,
  iq2_xxs: decodeIQ2XXS,
  iq2_xs: decodeIQ2XS,
  iq2_s: decodeIQ2S,
  iq3_xxs: decodeIQ3XXS,
  iq3_s: decodeIQ3S,
  iq4_nl: decodeIQ4NL,
  iq4_xs: decodeIQ4XS,
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
