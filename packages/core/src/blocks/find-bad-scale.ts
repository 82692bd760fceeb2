// Blocks whose scale is NaN or infinite: no quantizer writes them, so a file that has them is damaged. Codes may be any bits.
import { BLOCK_FORMATS, type BlockFormat, type ComputedFormat } from "./format.js";

/** Where a block's float16 scales are; in formats that kernels compute with, everything else in it are integers. */
export const FLOAT16_SCALES: Readonly<
  Record<ComputedFormat, readonly number[]> & Partial<Record<BlockFormat, readonly number[]>>
> = {
  q8_0: [0],
  q4_0: [0],
  q4_1: [0, 2],
  q5_0: [0],
  q5_1: [0, 2],
  q2_k: [80, 82],
  q3_k: [108],
  q4_k: [0, 2],
  q5_k: [0, 2],
  q6_k: [208],
  q8_1: [0],
  q1_0: [0],
  q2_0: [0],
  tq1_0: [52],
  tq2_0: [64],
  iq1_s: [0],
  iq2_xxs: [0],
  iq2_xs: [0],
  iq2_s: [0],
  iq3_xxs: [0],
  iq3_s: [0],
  iq4_nl: [0],
  iq4_xs: [0],
};

/** The number of a block with a scale that is not finite; -1: none. (nvfp4 has no such scale in GGML.) @param bytes whole blocks */
export function findBadScale(format: BlockFormat, bytes: Uint8Array): number {
  const size = BLOCK_FORMATS[format].bytes;
  for (const half of FLOAT16_SCALES[format] ?? []) {
    // The exponent's five bits are all in the upper byte.
    for (let at = half + 1; at < bytes.length; at += size) {
      if ((bytes[at]! & 0x7c) === 0x7c) return Math.floor(at / size);
    }
  }
  const isBad = OTHERS[format];
  if (isBad === undefined) return -1;
  for (let at = 0; at < bytes.length; at += size) if (isBad(bytes, at)) return at / size;
  return -1;
}

/** Scales that are no float16 in one place. */
const OTHERS: Readonly<Partial<Record<BlockFormat, (bytes: Uint8Array, at: number) => boolean>>> = {
  // float32, also one that a code makes infinite
  q8_k: (bytes, at) => !Number.isFinite(Math.fround(128 * floatAt(bytes, at))),
  // E8M0, whose 255 is NaN
  mxfp4: (bytes, at) => bytes[at] === 255,
  // a float16 in the top four bits of four words
  iq1_m: (bytes, at) => (bytes[at + 55]! & 0x70) === 0x70 && (bytes[at + 53]! & 0xc0) === 0xc0,
};

function floatAt({ buffer, byteOffset }: Uint8Array, at: number): number {
  return new DataView(buffer, byteOffset + at, 4).getFloat32(0, true);
}
