// The models whose shapes are measured.

export interface ModelShape {
  readonly model: string;
  readonly hidden: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Width of the MLP. */
  readonly intermediate: number;
  readonly vocabulary: number;
}

/** Llama-3.1-8B, where memory is what bounds decoding, and Qwen3-0.6B, where launches do. */
export const MODEL_SHAPES: readonly ModelShape[] = [
  {
    model: "8B",
    hidden: 4096,
    heads: 32,
    kvHeads: 8,
    headDim: 128,
    intermediate: 14336,
    vocabulary: 128256,
  },
  {
    model: "0.6B",
    hidden: 1024,
    heads: 16,
    kvHeads: 8,
    headDim: 128,
    intermediate: 3072,
    vocabulary: 151936,
  },
];

/** Tokens a KV block. */
export const BLOCK_SIZE = 16;
