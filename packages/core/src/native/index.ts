/** What backends with a Node-API addon share. @module @octavo/core/native */
export { checkByteLength, mebibytes, outOfMemory } from "./allocation.js";
export { checkLinearPart, checkSameBias } from "./linear-part-checks.js";
export { type AddonCarrier, type AddonSource, addonPath, loadAddon, type NativeAddonBase } from "./load-addon.js";
export { type ExpertTable, NativeExpertWeights } from "./native-expert-weights.js";
export type { IsOwnWeight, NativeLinearWeight } from "./native-linear-weight.js";
export type { NativeOpCalls } from "./native-op-calls.js";
export { NativeOps } from "./native-ops.js";
