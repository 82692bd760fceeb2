// Block formats: weights in groups of 32 to 256 with shared scales, byte for byte as GGML defines them and GGUF files hold them.
import { checkArgument } from "../errors.js";

/** The formats that kernels compute with as they are, by GGML's names in lower case. */
export type ComputedFormat = "q8_0" | "q4_0" | "q4_1" | "q5_0" | "q5_1" | "q2_k" | "q3_k" | "q4_k" | "q5_k" | "q6_k";

/** The block formats that Octavo reads: those, and others that are decoded when a model is loaded. */
export type BlockFormat =
  | ComputedFormat
  | "q8_1"
  | "q8_k"
  | "q1_0"
  | "q2_0"
  | "tq1_0"
  | "tq2_0"
  | "mxfp4"
  | "nvfp4"
  | "iq1_s"
  | "iq1_m"
  | "iq2_xxs"
  | "iq2_xs"
  | "iq2_s"
  | "iq3_xxs"
  | "iq3_s"
  | "iq4_nl"
  | "iq4_xs";

/** The sizes of a block format. */
export interface BlockFormatInfo {
  /** Neighbouring elements of a row that one block holds. */
  readonly elements: number;
  /** Bytes a block. */
  readonly bytes: number;
  /** The number that GGUF files name the format by (`ggml_type`). */
  readonly ggmlType: number;
}

const COMPUTED: Readonly<Record<ComputedFormat, BlockFormatInfo>> = {
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
};

/** Sizes and numbers of the formats, as ggml-common.h has them. */
export const BLOCK_FORMATS: Readonly<Record<BlockFormat, BlockFormatInfo>> = Object.freeze({
  ...COMPUTED,
  q8_1: { elements: 32, bytes: 36, ggmlType: 9 },
  q8_k: { elements: 256, bytes: 292, ggmlType: 15 },
  q1_0: { elements: 128, bytes: 18, ggmlType: 41 },
  q2_0: { elements: 64, bytes: 18, ggmlType: 42 },
  tq1_0: { elements: 256, bytes: 54, ggmlType: 34 },
  tq2_0: { elements: 256, bytes: 66, ggmlType: 35 },
  mxfp4: { elements: 32, bytes: 17, ggmlType: 39 },
  nvfp4: { elements: 64, bytes: 36, ggmlType: 40 },
  iq1_s: { elements: 256, bytes: 50, ggmlType: 19 },
  iq1_m: { elements: 256, bytes: 56, ggmlType: 29 },
  iq2_xxs: { elements: 256, bytes: 66, ggmlType: 16 },
  iq2_xs: { elements: 256, bytes: 74, ggmlType: 17 },
  iq2_s: { elements: 256, bytes: 82, ggmlType: 22 },
  iq3_xxs: { elements: 256, bytes: 98, ggmlType: 18 },
  iq3_s: { elements: 256, bytes: 110, ggmlType: 21 },
  iq4_nl: { elements: 32, bytes: 18, ggmlType: 20 },
  iq4_xs: { elements: 256, bytes: 136, ggmlType: 23 },
});

/** {@link ComputedFormat}, all of them: what a backend with kernels for blocks puts into its `info.blockFormats`. */
export const COMPUTED_FORMATS = Object.freeze(Object.keys(COMPUTED)) as readonly ComputedFormat[];

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
