export { arrivingGgufHeader } from "./arriving-header.js";
export { type GgmlType, ggmlType } from "./ggml-types.js";
export * from "./gguf.js";
export type { GgufHeader, GgufTensorInfo } from "./gguf-header.js";
export type { GgufMetadata, GgufNumbers, GgufValue } from "./gguf-metadata.js";
