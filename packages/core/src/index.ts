/** Octavo's nouns and contracts. @module */
export * from "./backend.js";
export * from "./batch.js";
export * from "./collectives.js";
export * from "./containers/safetensors.js";
export * from "./containers/safetensors-header.js";
export * from "./dtype.js";
export * from "./errors.js";
export * from "./linear.js";
export * from "./ops.js";
export * from "./philox.js";
export * from "./plan/layout.js";
export * from "./plan/plan.js";
export * from "./random-fill.js";
export * from "./storage.js";
export * from "./tensor.js";
export * from "./workspace.js";
