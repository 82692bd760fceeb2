// Linear layers: the five of a decoder with merged q, k, v and gate, up.
import { DTYPES, type FloatDType } from "@octavo/core";
import { type BenchCase, DECODE_ROWS, isQuick, PREFILL_TOKENS, rowsText } from "./bench-case.js";
import type { ModelShape } from "./shapes.js";

interface Layer {
  readonly name: string;
  readonly inFeatures: number;
  readonly outFeatures: number;
  /** Its input has a row for each sample, not for each token, and its output is float32. */
  readonly isHead?: boolean;
}

function layersOf({ hidden, heads, kvHeads, headDim, intermediate, vocabulary }: ModelShape): Layer[] {
  return [
    { name: "qkv", inFeatures: hidden, outFeatures: (heads + 2 * kvHeads) * headDim },
    { name: "o", inFeatures: heads * headDim, outFeatures: hidden },
    { name: "gate_up", inFeatures: hidden, outFeatures: 2 * intermediate },
    { name: "down", inFeatures: intermediate, outFeatures: hidden },
    { name: "lm_head", inFeatures: hidden, outFeatures: vocabulary, isHead: true },
  ];
}

function linearCase(model: string, layer: Layer, rows: number, dtype: FloatDType): BenchCase {
  const { name, inFeatures, outFeatures, isHead = false } = layer;
  const { size } = DTYPES[dtype];
  const outDtype = isHead ? "float32" : dtype;
  const moved = rows * (inFeatures * size + outFeatures * DTYPES[outDtype].size);
  return {
    op: "linear",
    model,
    name: `${name} ${inFeatures} to ${outFeatures}, ${rowsText(rows)}`,
    dtype,
    bytes: inFeatures * outFeatures * size + moved,
    flops: 2 * rows * inFeatures * outFeatures,
    quick: isQuick(rows),
    prepare(memory, sets) {
      const weights = memory.linears(inFeatures, outFeatures, dtype, sets);
      const x = memory.random(dtype, [rows, inFeatures], sets);
      const out = memory.random(outDtype, [rows, outFeatures], sets);
      return (set) => memory.backend.ops.linear(out[set]!, x[set]!, weights[set]!);
    },
  };
}

export function linearCases(shape: ModelShape, dtype: FloatDType): BenchCase[] {
  return layersOf(shape).flatMap((layer) =>
    [...DECODE_ROWS, ...(layer.isHead ? [] : PREFILL_TOKENS)].map((rows) =>
      linearCase(shape.model, layer, rows, dtype),
    ),
  );
}
