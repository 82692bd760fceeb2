// Blocks for tests: random ones of any format that kernels compute with, and the nearest ones to given values for the formats of 32 elements.
import { decodeBlocks } from "../blocks/decode.js";
import { FLOAT16_SCALES } from "../blocks/find-bad-scale.js";
import { BLOCK_FORMATS, blockBytes, type ComputedFormat } from "../blocks/format.js";
import { checkArgument } from "../errors.js";
import { float16ToNumber, numberToFloat16 } from "./float-conversion.js";
import type { Random } from "./random.js";

/**
 * Blocks with random codes and scales for `count` elements.
 * @param scale the standard deviation that their values have, within a factor of two from block to block
 */
export function randomBlocks(format: ComputedFormat, count: number, random: Random, scale: number): Uint8Array {
  const bytes = new Uint8Array(blockBytes(format, count));
  for (let i = 0; i < bytes.length; i++) bytes[i] = random.integer(256);
  const { elements, bytes: size } = BLOCK_FORMATS[format];
  const values = new Float32Array(elements);
  for (let at = 0; at < bytes.length; at += size) {
    const block = bytes.subarray(at, at + size);
    const wanted = scale * (0.5 + random.uniform()) * (random.integer(2) === 0 ? 1 : -1);
    // A minimum as large as the scales' own makes most values of one sign, so it gets the other sign and half the size.
    const offset = format === "q4_1" || format === "q5_1" ? -7.5 : 0.5;
    setScales(format, block, 1, offset);
    decodeBlocks(format, block, values);
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / elements);
    setScales(format, block, wanted / deviation, offset);
  }
  return bytes;
}

/** Blocks whose scales are powers of two: what they decode to are small multiples of 1/8. For sums that float32 holds exactly. */
export function wholeBlocks(format: ComputedFormat, count: number, random: Random): Uint8Array {
  const bytes = new Uint8Array(blockBytes(format, count));
  for (let i = 0; i < bytes.length; i++) bytes[i] = random.integer(256);
  const { bytes: size } = BLOCK_FORMATS[format];
  for (let at = 0; at < bytes.length; at += size) {
    setScales(format, bytes.subarray(at, at + size), 2 ** -random.integer(3), 0.5);
  }
  return bytes;
}

function setScales(format: ComputedFormat, block: Uint8Array, scale: number, offset: number): void {
  const [first, second] = FLOAT16_SCALES[format];
  writeHalf(block, first!, scale);
  if (second !== undefined) writeHalf(block, second, offset * scale);
}

/** Rounds to the nearest codes. Only the formats of 32 elements. @throws INVALID_ARGUMENT for another, or a part of a block */
export function encodeBlocks(format: ComputedFormat, values: ArrayLike<number>): Uint8Array {
  const encode = { q8_0: encodeQ80, q4_0: encodeQ4, q4_1: encodeQ4, q5_0: encodeQ5, q5_1: encodeQ5 }[format as "q8_0"];
  checkArgument(encode, `there is no encoder for ${format}`, "format");
  const bytes = new Uint8Array(blockBytes(format, values.length));
  const { bytes: size } = BLOCK_FORMATS[format];
  const group = new Float64Array(32);
  for (let block = 0; block < values.length / 32; block++) {
    for (let i = 0; i < 32; i++) group[i] = values[32 * block + i]!;
    encode(bytes.subarray(block * size, (block + 1) * size), group, format.endsWith("1"));
  }
  return bytes;
}

type Encode = (block: Uint8Array, values: Float64Array, withMinimum: boolean) => void;

const encodeQ80: Encode = (block, values) => {
  const scale = writeHalf(block, 0, Math.max(...values.map(Math.abs)) / 127);
  for (let i = 0; i < 32; i++) block[2 + i] = codeOf(values[i]!, scale, -127, 127);
};

const encodeQ4: Encode = (block, values, withMinimum) => {
  const codes = encodeGroup(block, values, 15, withMinimum);
  const at = block.length - 16;
  for (let i = 0; i < 16; i++) block[at + i] = codes[i]! | (codes[16 + i]! << 4);
};

const encodeQ5: Encode = (block, values, withMinimum) => {
  const codes = encodeGroup(block, values, 31, withMinimum);
  const at = block.length - 16;
  for (let i = 0; i < 16; i++) block[at + i] = (codes[i]! & 15) | ((codes[16 + i]! & 15) << 4);
  for (let i = 0; i < 32; i++) block[at - 4 + (i >> 3)]! |= (codes[i]! >> 4) << (i & 7);
};

/** Writes the scale, and the minimum if there is one; codes run from 0 to `most`, around the middle if there is none. */
function encodeGroup(block: Uint8Array, values: Float64Array, most: number, withMinimum: boolean): Float64Array {
  if (withMinimum) {
    const low = Math.min(...values);
    const scale = writeHalf(block, 0, (Math.max(...values) - low) / most);
    const minimum = writeHalf(block, 2, low);
    return values.map((value) => codeOf(value - minimum, scale, 0, most));
  }
  const middle = (most + 1) / 2;
  const largest = values.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
  const scale = writeHalf(block, 0, -largest / middle);
  return values.map((value) => codeOf(value, scale, -middle, middle - 1) + middle);
}

function codeOf(value: number, scale: number, low: number, high: number): number {
  return scale === 0 ? 0 : Math.min(high, Math.max(low, Math.round(value / scale)));
}

/** @returns the value as it was rounded */
function writeHalf(block: Uint8Array, at: number, value: number): number {
  const bits = numberToFloat16(value);
  block[at] = bits & 255;
  block[at + 1] = bits >> 8;
  return float16ToNumber(bits);
}
