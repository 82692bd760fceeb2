// The numbers that follow from options and model where an engine makes embeddings.
import { type BackendInfo, type FloatDType, type PlanLayout, planLayout } from "@octavo/core";
import { kvBytesPerBlock, type ModelConfig, type PoolingConfig } from "@octavo/models";
import type { EngineOptions } from "../engine-options.js";
import { resolveBatch, resolveMaxModelLen } from "../engine-sizes.js";
import { wholeNumber } from "../option-values.js";

/** Sizes that hold for an engine's whole life. */
export interface PoolingSizes {
  /** The longest prompt. */
  readonly maxModelLen: number;
  readonly maxNumSeqs: number;
  readonly maxNumBatchedTokens: number;
  readonly blockSize: number;
  readonly layout: PlanLayout;
  /** Blocks that the prompts of one step need in a decoder's cache, the null block included. */
  readonly numBlocks: number;
}

/** @throws INVALID_ARGUMENT: a prompt is computed in one step, or not at all */
export function resolvePoolingSizes(
  options: EngineOptions,
  pooling: PoolingConfig,
  maxPositions: number,
  backend: Pick<BackendInfo, "blockSize">,
): PoolingSizes {
  const maxModelLen = resolvePoolingLength(options, pooling, maxPositions);
  const { maxNumSeqs, maxNumBatchedTokens } = resolveBatch(options, maxModelLen);
  const blockSize = wholeNumber("blockSize", options.blockSize ?? backend.blockSize, maxModelLen + 4096);
  const maxBlocksPerRow = Math.ceil(maxModelLen / blockSize);
  const layout = planLayout({ maxRows: maxNumSeqs, maxTokens: maxNumBatchedTokens, maxBlocksPerRow, blockSize });
  const numBlocks = 1 + Math.min(maxNumSeqs * maxBlocksPerRow, maxNumSeqs + Math.ceil(maxNumBatchedTokens / blockSize));
  return { maxModelLen, maxNumSeqs, maxNumBatchedTokens, blockSize, layout, numBlocks };
}

/** The longest prompt: what its authors embed at most, unless more is asked for. @throws INVALID_ARGUMENT beyond the model's positions */
export function resolvePoolingLength(
  options: Pick<EngineOptions, "maxModelLen">,
  { maxSeqLength = Number.POSITIVE_INFINITY }: PoolingConfig,
  maxPositions: number,
): number {
  const asked = resolveMaxModelLen(options, maxPositions);
  return typeof options.maxModelLen === "number" ? asked : Math.min(maxPositions, maxSeqLength);
}

/** Keys and values that the prompts of one step take; 0 of an encoder. */
export function stepBytes({ numBlocks, blockSize }: PoolingSizes, config: ModelConfig, dtype: FloatDType): number {
  return numBlocks * kvBytesPerBlock(config, dtype, blockSize);
}
