// One row of the bench: a call of one op at a shape that models have, and what it must at least move and compute.
import type { FloatDType, Ops } from "@octavo/core";
import type { BenchMemory } from "./bench-memory.js";

/** Enqueues one call on the tensors of that buffer set. */
export type Run = (set: number) => void;

export interface BenchCase {
  readonly op: keyof Ops;
  /** The name of the shapes, see shapes.ts. */
  readonly model: string;
  /** What distinguishes it among the op's cases: "qkv 4096 to 6144, 16 rows". */
  readonly name: string;
  readonly dtype: FloatDType;
  /** Bytes that one call must read and write: each input once, each output once. */
  readonly bytes: number;
  /** A multiplication and an addition count as two; 0 where arithmetic is beside the point. */
  readonly flops: number;
  /** Whether a quick bench has it. */
  readonly quick: boolean;
  /** Makes `sets` times the tensors of one call. @throws OUT_OF_MEMORY */
  prepare(memory: BenchMemory, sets: number): Run;
}

/** Rows of a decode step, and tokens of a prefill. */
export const DECODE_ROWS: readonly number[] = [1, 2, 4, 8, 16, 32, 64, 128, 256];
export const PREFILL_TOKENS: readonly number[] = [1024, 8192];

const QUICK = new Set([1, 16, 64, 256, 1024]);

/** Whether a quick bench has cases of so many rows or tokens. */
export function isQuick(rows: number): boolean {
  return QUICK.has(rows);
}

/** "1 row", "16 rows" or "1024 tokens". */
export function rowsText(rows: number): string {
  if (PREFILL_TOKENS.includes(rows)) return `${rows} tokens`;
  return rows === 1 ? "1 row" : `${rows} rows`;
}
