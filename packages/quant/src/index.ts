/** Reads linear layers of quantized and plain checkpoints into canonical planes. @module @octavo/quant */
export { type BlockRows, readBlockRows, readDense } from "./decode-tensor.js";
export { type GgufSchemeOptions, ggufScheme } from "./gguf.js";
export * from "./registry.js";
export * from "./scheme.js";
export * from "./tensor-source.js";
export * from "./tensor-spec.js";
export { unquantized } from "./unquantized.js";
