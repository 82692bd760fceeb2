// Block formats: weights in groups of 32 or 256 with shared scales, byte for byte as GGML defines them and GGUF files hold them.
import { checkArgument } from "../errors.js";

/** The block formats, by GGML's names in lower case. */
export type BlockFormat = "q8_0" | "q4_0" | "q4_1" | "q5_0" | "q5_1" | "q2_k" | "q3_k" | "q4_k" | "q5_k" | "q6_k";

/** The sizes of a block format. */
export interface BlockFormatInfo {
  /** Neighbouring elements of a row that one block holds. */
  readonly elements: number;
  /** Bytes a block. */
  readonly bytes: number;
  /** The number that GGUF files name the format by (`ggml_type`). */
  readonly ggmlType: number;
}

/** Sizes and numbers of the formats, as ggml-common.h has them. */
export const BLOCK_FORMATS: Readonly<Record<BlockFormat, BlockFormatInfo>> = Object.freeze({
  q8_0: { elements: 32, bytes: 34, ggmlType: 8 },
  q4_0: { elements: 32, bytes: 18, ggmlType: 2 },
  q4_1: { elements: 32, bytes: 20, ggmlType: 3 },
  q5_0: { elements: 32, bytes: 22, ggmlType: 6 },
  q5_1: { elements: 32, bytes: 24, ggmlType: 7 },
  q2_k: { elements: 256, bytes: 84, ggmlType: 10 },
  q3_k: { elements: 256, bytes: 110, ggmlType: 11 },
  q4_k: { elements: 256, bytes: 144, ggmlType: 12 },
  q5_k: { elements: 256, bytes: 176, ggmlType: 13 },
  q6_k: { elements: 256, bytes: 210, ggmlType: 14 },
});

/** Whether this is a format that Octavo decodes. */
export function isBlockFormat(format: string): format is BlockFormat {
  return Object.hasOwn(BLOCK_FORMATS, format);
}

/** Bytes that `count` elements take. @throws INVALID_ARGUMENT unless they fill whole blocks */
export function blockBytes(format: BlockFormat, count: number): number {
  const { elements, bytes } = BLOCK_FORMATS[format];
  checkArgument(
    count % elements === 0,
    () => `${count} elements do not fill whole ${format} blocks of ${elements}`,
    "count",
  );
  return (count / elements) * bytes;
}
