/** What backends with a Node-API addon share. @module */
export type { NativeOpCalls } from "./native-op-calls.js";
export { type NativeLinearWeight, NativeOps } from "./native-ops.js";
