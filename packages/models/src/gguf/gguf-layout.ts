// How the weights of a GGUF file differ from a checkpoint's: what GgufWeights has to undo.
import type { GgufHeaders } from "@octavo/core";
import type { ModelConfig } from "../model-config.js";
import { type RowOrder, splitRotaryPairs } from "../row-order.js";
import type { GgufDialect, GgufTensorNames } from "./dialect.js";
import { GgufFacts } from "./gguf-facts.js";

export interface GgufLayout {
  readonly names: GgufTensorNames;
  /** Rows of queries, keys and values in a merged projection. */
  readonly shares: readonly [number, number, number];
  readonly headDim: number;
  /** Order of the rows of q and k, where the file has another one. */
  readonly turned?: RowOrder;
  /** Whether 1 has to be taken off the weights of norms. */
  readonly shiftsNorms: boolean;
}

export function layoutOf(headers: GgufHeaders, name: string, dialect: GgufDialect, config: ModelConfig): GgufLayout {
  const { numHeads, numKvHeads, headDim, rope } = config;
  const file = new GgufFacts(headers, name);
  const keyRows = numKvHeads * headDim;
  // A model with sections for images was converted with halves in place of neighbours.
  const hasSections = file.list("rope.dimension_sections")?.some((section) => section > 0) ?? false;
  const isPaired = dialect.pairs === "head" || (dialect.pairs === "rotary" && !hasSections);
  return {
    names: typeof dialect.tensors === "function" ? dialect.tensors(file) : dialect.tensors,
    shares: [numHeads * headDim, keyRows, keyRows],
    headDim,
    turned: isPaired && rope !== null ? splitRotaryPairs(headDim, rope.rotaryDim) : undefined,
    shiftsNorms: dialect.shiftsNorms ?? false,
  };
}
