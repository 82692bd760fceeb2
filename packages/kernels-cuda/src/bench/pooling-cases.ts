// Means of prompts, as embedding models take them.
import { DTYPES, type FloatDType } from "@octavo/core";
import { type BenchCase, isQuick, PREFILL_TOKENS } from "./bench-case.js";
import type { ModelShape } from "./shapes.js";

/** Prompts that share a step's tokens. */
const PROMPTS = [1, 16];

export function poolingCases({ model, hidden }: ModelShape, dtype: FloatDType): BenchCase[] {
  return PREFILL_TOKENS.flatMap((tokens) =>
    PROMPTS.map((prompts) => ({
      op: "meanRows" as const,
      model,
      name: `${hidden} wide, ${tokens} tokens of ${prompts === 1 ? "1 prompt" : `${prompts} prompts`}`,
      dtype,
      bytes: tokens * hidden * DTYPES[dtype].size + prompts * hidden * DTYPES.float32.size,
      flops: 0,
      quick: isQuick(tokens),
      prepare(memory, sets) {
        const { batch } = memory.batch(Array.from({ length: prompts }, () => [0, tokens / prompts] as const));
        const x = memory.random(dtype, [tokens, hidden], sets);
        const out = memory.random("float32", [prompts, hidden], sets);
        return (set) => memory.backend.ops.meanRows(out[set]!, x[set]!, batch);
      },
    })),
  );
}
